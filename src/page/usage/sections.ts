import { audit } from './audit.js';
import { completeness } from './completeness.js';
import { countries } from './countries.js';
import { datasets } from './datasets.js';
import { leftOut } from './left-out.js';
import { months } from './months.js';
import { reports } from './reports.js';
import type { UsageSection } from './section.js';
import { spaces } from './spaces.js';

/** The sections of the view, in the order in which they stand there. */
export const usageSections: readonly UsageSection[] = [
  months,
  datasets,
  spaces,
  countries,
  leftOut,
  completeness,
  audit,
  reports,
];
