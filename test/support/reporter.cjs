// Mocha's spec reporter with one closing line that people and machines read alike: "N passed, N failed, N skipped".
// STARLING_TEST_TOTAL names a file that gets the counts and the failures of a run, for a closing line over several runs.
const { appendFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class ClosingLine extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      process.once("exit", () => {
        console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
        const total = process.env.STARLING_TEST_TOTAL;
        if (total !== undefined)
          appendFileSync(
            total,
            [`total: ${passes} ${failures} ${pending}`, ...this.failures.map(titled), ""].join("\n"),
          );
      });
    });
  }
};

function titled(test) {
  return `failed: ${test.titlePath().join(" › ")}: ${String(test.err?.message).split("\n", 1)[0]}`;
}
