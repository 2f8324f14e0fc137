// `syncline connections`: who is connected, and moving connections elsewhere; one line here per part.
import type { Command } from "commander";
import { addExportCommand } from "./connections/export.ts";
import { addImportCommand } from "./connections/import.ts";
import { addConnectionListCommands } from "./connections/list.ts";
import { addNewKeyCommand } from "./connections/new-key.ts";

const EXAMPLES = `
Examples:
  syncline connections list --integration hubspot --failing
  syncline connections show acme --integration hubspot
  syncline connections delete acme --integration hubspot

Moving connections to another environment or server:
  syncline connections new-key move.pem            there: makes move.pem, which stays, and move.pem.pub
  syncline connections export --sealed-to move.pem.pub -o connections.jsonl
  syncline connections import connections.jsonl --key move.pem --dry-run
A key may also come from elsewhere, as PEM or JWK, RSA or EC:
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out move.pem
  openssl pkey -in move.pem -pubout -out move.pem.pub`;

export const addConnectionsCommand = (program: Command): void => {
  const connections = program
    .command("connections")
    .description("who is connected; export and import of connections with their credentials")
    .enablePositionalOptions()
    .addHelpText("after", EXAMPLES);
  addConnectionListCommands(connections);
  addExportCommand(connections);
  addImportCommand(connections);
  addNewKeyCommand(connections);
};
