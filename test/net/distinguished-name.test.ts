import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "mocha";
import { certificateNames } from "../../src/net/distinguished-name.ts";
import { pem } from "../support/tls-plans.ts";

const names = (name: string): ReturnType<typeof certificateNames> =>
  certificateNames(new X509Certificate(pem(name)).raw);

/** A certificate of which only the names are there, each one part of this string type. */
function withSubject(tag: number, content: readonly number[]): Buffer {
  const der = (type: number, ...inner: readonly (readonly number[])[]): number[] => [
    type,
    inner.flat().length,
    ...inner.flat(),
  ];
  const subject = der(0x30, der(0x31, der(0x30, [6, 3, 0x55, 4, 3], der(tag, content))));
  const before = [der(0xa0, [2, 1, 2]), [2, 1, 1], der(0x30), der(0x30), der(0x30)];
  return Buffer.from(der(0x30, der(0x30, ...before, subject)));
}

describe("the names of a certificate", () => {
  it("are written last part first, with escapes and dumps, as the real Envoy writes them", () => {
    assert.deepEqual(names("fancy"), {
      subject:
        "CN=\\#fancy\\ ,DC=example,UID=u1,2.5.4.97=#0C036F7267,1.2.3.4=#0C036F6464,emailAddress=a@b.example," +
        'OU=\\ lead#trail\\ +GN=Zo\\C3\\AB,O=Acme\\, \\"Inc\\" \\<x\\>\\;\\+\\\\ y=z,C=DE',
      issuer: "CN=middle CA,O=Tests",
    });
  });

  it("may be empty", () => assert.deepEqual(names("plain"), { subject: "", issuer: "CN=test CA" }));

  it("become UTF-8 from every string type, and stay a dump where the type is none", () => {
    const texts: readonly (readonly [number, readonly number[], string])[] = [
      [20, [0xe9, 0x41], "CN=\\C3\\A9A"],
      [28, [0, 1, 0xf6, 0], "CN=\\F0\\9F\\98\\80"],
      [30, [0, 0x41, 0x20, 0xac], "CN=A\\E2\\82\\AC"],
      [19, [0x41, 0x0d, 0x0a], "CN=A\\0D\\0A"],
      [3, [0, 0x41], "CN=#03020041"],
    ];
    for (const [tag, content, text] of texts) assert.equal(certificateNames(withSubject(tag, content)).subject, text);
  });
});
