// Bindings of sql/08_key.sql: wrapped data keys.
import { z } from "zod";
import { fn, value } from "./fn.ts";

const wrapped = z.instanceof(Buffer).nullable();

export const findConnectionKey = fn("find_connection_key", { connection: "int" }, value(wrapped));
export const findEnvironmentKey = fn("find_environment_key", { environment: "int" }, value(wrapped));
export const findOldestEnvironmentKey = fn("find_oldest_environment_key", {}, value(wrapped));
