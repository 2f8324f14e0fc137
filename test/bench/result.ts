// One line of the table: what was done, what it was held against, and whether the budget is met.
export type Result = { work: string; against: string; ratio: number; budget: string; isMet: boolean; detail: string };

/** The results as a Markdown table. */
export const toTable = (results: Result[]): string =>
  [
    "| work | held against | measured | budget | |",
    "|---|---|---|---|---|",
    ...results.map(
      ({ work, against, ratio, budget, isMet, detail }) =>
        `| ${work} | ${against} | **${Number(ratio.toPrecision(3))}** (${detail}) | ${budget} | ${isMet ? "met" : "missed"} |`,
    ),
  ].join("\n");
