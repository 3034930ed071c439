// Mocha's spec reporter with one closing line that people and machines read alike: "N passed, N failed, N skipped".
// STARLING_TEST_TOTAL names a file that gets the counts, the failures and the files they are in, for a closing line over several runs.
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
            [`total: ${passes} ${failures} ${pending}`, ...this.failures.flatMap(told), ""].join("\n"),
          );
      });
    });
  }
};

function told(test) {
  const title = test.titlePath().join(" › ");
  return [`failed: ${title}: ${String(test.err?.message).split("\n", 1)[0]}`, `file: ${test.file}`];
}
