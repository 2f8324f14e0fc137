// How the pages look. Nothing is loaded: the pages work without a network.
import { createHash } from "node:crypto";
import type { Html } from "./html.ts";

const STYLE: Html = {
  html: `:root{color-scheme:light dark;--line:light-dark(#ddd,#3a3a3a);--soft:light-dark(#f5f5f4,#222);--faint:light-dark(#666,#aaa)}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;display:grid;grid-template-columns:16rem minmax(0,64rem);gap:2rem}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;padding:1rem;border-right:1px solid var(--line);font-size:13px}
nav a{display:block;color:inherit;text-decoration:none;padding:.1rem 0}
nav a:hover{text-decoration:underline}
nav strong{display:block;margin-top:.8rem}
main{padding:1rem 1rem 4rem}
h1{margin:.2rem 0}h2{margin:2.5rem 0 .3rem}h4{margin:1rem 0 .2rem}
p{margin:.3rem 0}small,.facts,li p,td:last-child{color:var(--faint)}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
ul{margin:.2rem 0;padding-left:1.2rem}li b{color:#c2410c}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:0 .8rem}
details[open]{padding-bottom:.8rem}
summary{cursor:pointer;margin:0 -.8rem;padding:.4rem .8rem}
details[open]>summary{background:var(--soft);border-radius:6px 6px 0 0}
summary span{color:var(--faint);margin-left:.4rem}
summary b{display:inline-block;min-width:4.2rem;font:600 12px ui-monospace,monospace}
.get{color:#0369a1}.post{color:#15803d}.put,.patch{color:#a16207}.delete{color:#b91c1c}
.facts span{margin-right:1.2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line)}
tr:target{outline:2px solid #0369a1}:target{scroll-margin-top:3rem}
td:first-child code{white-space:nowrap}td a,td details{display:block}td details{border:0;margin:0;padding:0}td summary{margin:0;padding:0}td details[open]>summary{background:none}
@media(max-width:800px){body{display:block}nav{position:static;height:auto;border:0}}`,
};

const HASH = createHash("sha256").update(STYLE.html).digest("base64");

/** The style sheet, as it stands in the head of a page. */
export const style: Html = { html: `<style>${STYLE.html}</style>` };

/** What a page may load and do: this one style sheet, and nothing else. */
export const POLICY = `default-src 'none'; style-src 'sha256-${HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
