// Promise: what passes through the proxy takes no memory of the server; a gigabyte of it in proxy-memory.long.test.ts.
import { test } from "node:test";
import { proxyMegabytes } from "./proxy-memory.ts";

test("100 MB down and up through the proxy grow the server by less than 50 MB", (t) => proxyMegabytes(t, 100));
