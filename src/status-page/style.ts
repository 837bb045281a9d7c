/** Light and dark, a phone and paper; states differ by shape and word too, never by colour alone. */
export const style = `
:root { color-scheme: light dark; --ink: #14202b; --soft: #52606d; --line: #d5dce3; --page: #fff;
  --up: #1a7f4b; --degraded: #9a6700; --down: #c22a2a; --maintenance: #2463b0; --unknown: #65717c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf2; --soft: #a5b1bd; --line: #35424e; --page: #10171e;
    --up: #4cc38a; --degraded: #e2b33c; --down: #ff7b72; --maintenance: #79b0f2; --unknown: #8795a1; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 18px 56px; max-width: 860px; background: var(--page); color: var(--ink);
  font: 16px/1.5 "IBM Plex Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 14px; font-size: 26px; line-height: 1.2; }
h2 { margin: 32px 0 10px; font-size: 18px; }
.now { display: flex; align-items: center; gap: 12px; margin: 0; padding: 14px 16px; border: 1px solid var(--line);
  border-left: 8px solid var(--state); border-radius: 6px; font-size: 18px; font-weight: 600; }
.up { --state: var(--up); } .degraded { --state: var(--degraded); } .down { --state: var(--down); }
.maintenance { --state: var(--maintenance); } .unknown { --state: var(--unknown); }
ul { margin: 0; padding: 0; list-style: none; }
.services > li { padding: 12px 0; border-bottom: 1px solid var(--line); }
.services p { margin: 0; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; }
.services b { font-weight: 600; }
.state { color: var(--state); font-weight: 600; }
.days { display: block; width: 100%; height: 26px; margin: 8px 0 2px; }
.soft { color: var(--soft); font-size: 14px; }
.incidents > li { padding: 10px 0 10px 14px; border-left: 4px solid var(--state); margin: 0 0 12px; }
.incidents p { margin: 0 0 2px; }
footer { margin-top: 36px; color: var(--soft); font-size: 14px; }
a { color: inherit; }
a:focus-visible { outline: 3px solid var(--maintenance); outline-offset: 2px; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } li { break-inside: avoid; } }
`;
