// Which kinds of credentials are had by sending the end user to the provider.
import type { Provider } from "../../providers/schema.ts";
import { app } from "./app.ts";
import type { FlowKind } from "./flow.ts";
import { mcp } from "./mcp.ts";
import { oauth1 } from "./oauth1.ts";
import { oauth2 } from "./oauth2.ts";

const KINDS: { [mode in Provider["auth_mode"]]?: FlowKind } = {
  APP: app,
  CUSTOM: app,
  MCP_OAUTH2: mcp,
  MCP_OAUTH2_GENERIC: mcp,
  OAUTH1: oauth1,
  OAUTH2: oauth2,
};

/** The kind of this provider; undefined for one that is connected without a way through a browser. */
export const flowKindOf = ({ auth_mode }: Provider): FlowKind | undefined => KINDS[auth_mode];
