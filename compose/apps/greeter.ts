// helloworld.Greeter of the gRPC document, for its server and client: SayHello takes a name and gives a message, each the one text field
// of its protobuf message. Imports nothing of the proxy.
import type { ServiceDefinition, UntypedHandleCall } from "@grpc/grpc-js";

/** What is asked. */
export interface HelloRequest {
  readonly name: string;
}

/** What is answered. */
export interface HelloReply {
  readonly message: string;
}

/** The service for grpc-js. */
export const GREETER: ServiceDefinition<Record<"SayHello", UntypedHandleCall>> = {
  SayHello: {
    path: "/helloworld.Greeter/SayHello",
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: HelloRequest) => textMessage(value.name),
    requestDeserialize: (bytes: Buffer): HelloRequest => ({ name: textOf(bytes) }),
    responseSerialize: (value: HelloReply) => textMessage(value.message),
    responseDeserialize: (bytes: Buffer): HelloReply => ({ message: textOf(bytes) }),
  },
};

/** Field 1 as a string (protobuf wire type 2): its tag, its length in sevens of bits, its bytes. */
export function textMessage(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === 0) return Buffer.alloc(0);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([TAG, ...length, rest]), bytes]);
}

/** The text of such a message; a message without the field has an empty one. */
export function textOf(message: Buffer): string {
  if (message.length === 0) return "";
  if (message[0] !== TAG) throw new Error(`field 1 as text was expected, not tag ${message[0]}`);
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    const byte = message[at++];
    if (byte === undefined || shift > 28) throw new Error("the length of a text breaks off");
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (message.length !== at + length) throw new Error("a text and nothing else was expected");
  return message.toString("utf8", at);
}

const TAG = 0x0a;
