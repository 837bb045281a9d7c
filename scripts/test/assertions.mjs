/** How often a function of uvu/assert was called in this process. */
export const assertions = { count: 0 };
