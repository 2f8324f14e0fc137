// Splits a SQL file into its statements, so that an error can be shown with the file, line and statement it belongs to.
// Follows psql's rules: quotes, dollar quotes, nested comments, parentheses, and `begin atomic … end` bodies.

/** One statement: its text and the offset of its first character in the file. */
export type Statement = { text: string; offset: number };

// One token at a time; an alternative that does not close (an open quote) takes the rest, and Postgres complains.
const TOKEN =
  /--[^\n]*|\/\*|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|\$(?:[a-z_]\w*)?\$|[a-z_][\w$]*|\d[\w.]*|[();]|\s+|[\s\S]/giy;

const ESCAPE_STRING = /'(?:[^'\\]|\\[\s\S]|'')*'?/y;

const commentEnd = (sql: string, start: number): number => {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
};

const endOf = (sql: string, token: string, start: number): number => {
  const after = start + token.length;
  if (token === "/*") return commentEnd(sql, start);
  if (/^\$\w*\$$/.test(token)) {
    const close = sql.indexOf(token, after);
    return close === -1 ? sql.length : close + token.length;
  }
  if (/^e$/i.test(token) && sql[after] === "'") {
    ESCAPE_STRING.lastIndex = after;
    ESCAPE_STRING.test(sql);
    return ESCAPE_STRING.lastIndex;
  }
  return after;
};

const isBlank = (token: string): boolean => /^(\s|--|\/\*)/.test(token);

/** The statements of `sql` in order, without the blanks and comments before each. */
export const splitStatements = (sql: string): Statement[] => {
  const found: Statement[] = [];
  let [start, parens, blocks, previous] = [-1, 0, 0, ""];
  let at = 0;
  while (at < sql.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(sql)![0];
    const end = endOf(sql, token, at);
    const word = token.toLowerCase();
    if (word === ";" && parens === 0 && blocks === 0) {
      if (start !== -1) found.push({ text: sql.slice(start, end), offset: start });
      start = -1;
    } else if (!isBlank(token)) {
      if (start === -1) start = at;
      if (word === "(") parens++;
      else if (word === ")") parens--;
      else if (word === "atomic" && previous === "begin") blocks++;
      else if (word === "case" && blocks > 0) blocks++;
      else if (word === "end" && blocks > 0) blocks--;
      previous = word;
    }
    at = end;
  }
  if (start !== -1) found.push({ text: sql.slice(start).trimEnd(), offset: start });
  return found;
};
