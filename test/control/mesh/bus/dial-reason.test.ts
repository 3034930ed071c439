import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dialReason } from "../../../../src/control/mesh/bus/dial-reason.ts";

const failure = (message: string, code?: string): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });
const WORDLESS = failure("error connecting - node provided an undefined error");
const RESET = failure("read ECONNRESET", "ECONNRESET");
const ALERT = failure(
  "40CD8C809E7F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl/x.c:918:SSL alert number 116",
  "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
);
const VERSION = failure("SSL alert number 70", "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
const NAME = failure("Hostname/IP does not match certificate's altnames", "ERR_TLS_CERT_ALTNAME_INVALID");

const ENDED = "the server ended the TLS connection";
const WANTS = "it may want a client certificate (--mesh-cert)";

const ROWS: readonly (readonly [name: string, error: Error | undefined, says: string])[] = [
  ["an alert about our certificate", ALERT, `${ENDED} (certificate required): ${WANTS}`],
  ["a reset", RESET, `${ENDED} (ECONNRESET): ${WANTS}`],
  ["an end without a word", WORDLESS, `${ENDED} (without a word): ${WANTS}`],
  ["no error at all", undefined, `${ENDED} (without a word): ${WANTS}`],
  ["an alert about something else", VERSION, `${ENDED} (protocol version)`],
  ["what we do not accept ourselves", NAME, NAME.message],
  ["silence", failure("timeout"), "no answer in time"],
];

describe("the reason why a server could not be reached", () => {
  for (const [name, error, says] of ROWS) {
    it(`after ${name} during TLS is in words`, () => {
      assert.equal(dialReason(error, { hasBegun: true, hasCertificate: false }), says);
    });
  }

  it("doubts the certificate that was shown, if there was one", () => {
    const says = dialReason(RESET, { hasBegun: true, hasCertificate: true });
    assert.equal(says, `${ENDED} (ECONNRESET): it may not take our client certificate (--mesh-cert)`);
  });

  it("says nothing of TLS before it has begun", () => {
    const stage = { hasBegun: false, hasCertificate: false };
    assert.deepEqual(
      [RESET, WORDLESS].map((error) => dialReason(error, stage)),
      ["read ECONNRESET", "the server closed the connection"],
    );
  });
});
