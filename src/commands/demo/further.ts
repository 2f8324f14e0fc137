// The lines at the end of the demo: each works as it is printed, in a second terminal, while the demo runs.
import type { Acme } from "./acme.ts";
import { CUSTOMERS, INTEGRATION } from "./set-up.ts";

const STREAMS =
  "select n.connection_id, t.model, t.records, t.head from syncline.streams t join syncline.connections n on n.id = t.connection_id order by 1, 2";

const CONTACTS = `{ contacts(connectionId: "${CUSTOMERS[0]}", first: 2) { nodes { id first_name _metadata { lastAction cursor } } } }`;

export type Further = { title: string; command: string };

/** `psqlHint` is the line that opens psql; `folder` the data folder as the reader would type it. */
export const furtherLines = (o: {
  url: string;
  key: string;
  acme: Acme;
  psqlHint: string;
  folder: string;
}): Further[] => {
  const authorization = `-H 'Authorization: Bearer ${o.key}'`;
  const connection = `-H 'Provider-Config-Key: ${INTEGRATION}' -H 'Connection-Id: ${CUSTOMERS[0]}'`;
  const records = (query: string) => `curl -s ${authorization} ${connection} '${o.url}/records?${query}'`;
  const json = "-H 'Content-Type: application/json'";
  const trigger = `{"syncs":["contacts"],"provider_config_key":"${INTEGRATION}"}`;
  return [
    { title: "Records, newest knowledge of each, by cursor", command: records("model=Contact&limit=2") },
    { title: "Only what was deleted", command: records("model=Contact&filter=deleted") },
    {
      title: "The same over GraphQL, where each model is a type; /graphiql is an explorer",
      command: `curl -s ${authorization} ${json} '${o.url}/graphql' -d '${JSON.stringify({ query: CONTACTS })}'`,
    },
    {
      title: "How the syncs are doing",
      command: `curl -s ${authorization} '${o.url}/sync/status?syncs=*&provider_config_key=${INTEGRATION}'`,
    },
    { title: "What there is, in SQL", command: `${o.psqlHint} -c '${STREAMS}'` },
    { title: "Without psql", command: `SYNCLINE_DATA=${o.folder} npm run -s syncline -- sql '${STREAMS}'` },
    {
      title: "What happens, as it happens",
      command: `SYNCLINE_URL=${o.url} SYNCLINE_API_KEY=${o.key} npm run -s syncline -- logs --follow`,
    },
    {
      title: "Change Acme's data yourself, then sync: the webhook shows up here",
      command:
        `curl -s '${o.acme.url}/admin/edits' -d '{"kind":"contacts","add":1,"update":2,"delete":1}' && ` +
        `curl -s -X POST ${authorization} ${json} '${o.url}/sync/trigger' -d '${trigger}'`,
    },
  ];
};
