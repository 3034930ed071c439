// Answers on every loopback address of one port: `node benchmarks/load/backend.ts PORT`. Ten thousand kept connections are ten thousand endpoints.
import { createServer } from "node:net";

const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");

createServer({ noDelay: true }, (socket) => {
  // One request at a time comes, in one piece: what a pooled connection carries.
  socket.on("data", () => socket.write(ANSWER));
  socket.on("error", () => {});
}).listen(Number(process.argv[2]), "0.0.0.0", 4096);
