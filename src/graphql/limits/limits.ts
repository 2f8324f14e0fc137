// How much one request may ask for. What is beyond is refused before anything is planned or run, and told how to get below.

export type Limits = {
  /** Bytes of a request's body. */
  bodyBytes: number;
  /** Words and signs of the query's text; what the parser's own time and memory grow with. */
  tokens: number;
  /** Fields within fields. */
  depth: number;
  /** Fields in the query, each fragment counted wherever it is spread: what validating grows with. */
  fields: number;
  /** Of these, such as have fields of their own: planning 190 of them took 115-165 ms. */
  objects: number;
  /** Fields with another name than their own. */
  aliases: number;
  /** Fields at the top: each is at least one statement in the database. */
  rootFields: number;
  /** Fragments in the document; comparing them with each other grows with the square. */
  fragments: number;
  directives: number;
  /** Objects and lists within each other in the variables. */
  variableDepth: number;
  /** Rows of one page. */
  pageSize: number;
  /** Rows of a page where the query does not say. */
  defaultPage: number;
  /** Values that the answer can have at most: every field, times the pages it is in. */
  cost: number;
};

/** An app's own queries stay far below these. */
export const LIMITS: Limits = {
  bodyBytes: 256 * 1024,
  tokens: 5_000,
  depth: 20,
  fields: 1_000,
  objects: 250,
  aliases: 100,
  rootFields: 30,
  fragments: 100,
  directives: 100,
  variableDepth: 30,
  pageSize: 1_000,
  defaultPage: 100,
  cost: 200_000,
};
