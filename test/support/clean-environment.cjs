// Loaded by mocha in each of its processes before any test: what the machine says by variables to OpenTelemetry's programs or to Starling is
// not said to the nodes of tests, in this process and below it. STARLING_TEST_TOTAL and STARLING_PICTURES are the tests' own.
const OWN = new Set(["STARLING_TEST_TOTAL", "STARLING_PICTURES"]);

for (const name of Object.keys(process.env)) {
  if (/^(OTEL|STARLING)_/.test(name) && !OWN.has(name)) delete process.env[name];
}
