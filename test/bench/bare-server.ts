import { readFileSync } from "node:fs";
import { createServer } from "node:https";

/** What admission is measured against: reads the body, answers a constant. Arguments: certificate, key, port, answer file. */
const [, , certFile = "", keyFile = "", port = "", answerFile = ""] = process.argv;
const answer = readFileSync(answerFile);
const headers = { "content-type": "application/json; charset=utf-8", "content-length": answer.length };
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  request.resume().on("end", () => response.writeHead(200, headers).end(answer));
});
server.keepAliveTimeout = 120_000;
server.listen(Number(port), "127.0.0.1");
