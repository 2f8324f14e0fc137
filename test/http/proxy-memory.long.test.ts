// Promise: a file of any size passes through the proxy without taking memory of the server.
import { test } from "node:test";
import { proxyMegabytes } from "./proxy-memory.ts";

test("a gigabyte down and up through the proxy grows the server by less than 50 MB", (t) => proxyMegabytes(t, 1024));
