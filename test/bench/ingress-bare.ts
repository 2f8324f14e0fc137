// What webhooks are held against: a bare Express handler that reads the body and answers, in a process of its own.
import type { AddressInfo } from "node:net";
import express from "express";

const app = express();
app.post("/webhook/:environment/:integration", express.raw({ type: () => true }), (_req, res) => {
  res.json({ status: "success" });
});
const server = app.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
