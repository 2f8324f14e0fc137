#!/usr/bin/env node
// The command line's entry. Node keeps what it compiles for the next command, and so do isolates; that must be asked for
// before the rest is loaded. Where the folder cannot be written, each command compiles all it needs: a third of a second.
import { enableCompileCache } from "node:module";
import path from "node:path";

enableCompileCache(path.join(import.meta.dirname, "../node_modules/.cache/syncline"));
await import("./program.ts");
