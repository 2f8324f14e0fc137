// Which Jira site a connection is about: an Atlassian account may have several, and every request must name one.
import type { NangoBase } from "syncline";
import { z } from "zod";

/** Where a connection says so; otherwise it is looked up once and written here. */
export const Metadata = z.object({
  /** The site's id at api.atlassian.com. */
  cloudId: z.string().optional(),
  /** The address that people use, such as https://acme.atlassian.net. */
  baseUrl: z.string().optional(),
});

type Site = { cloudId: string; baseUrl: string };

type Resource = { id: string; url: string; name: string; scopes: string[] };

/** The sites with Jira among what the user gave access to, which names a site once per product. */
const listSites = async (nango: NangoBase): Promise<Resource[]> => {
  const { data } = await nango.get<Resource[]>({ endpoint: "/oauth/token/accessible-resources", retries: 3 });
  const withJira = data.filter(({ scopes }) => scopes.some((scope) => scope.includes("jira")));
  return [...new Map(withJira.map((site) => [site.id, site])).values()];
};

export const findSite = async (nango: NangoBase): Promise<Site> => {
  const { cloudId, baseUrl } = Metadata.parse((await nango.getMetadata()) ?? {});
  if (cloudId !== undefined && baseUrl !== undefined) return { cloudId, baseUrl };
  const sites = await listSites(nango);
  const [only, ...others] = sites.filter(({ id }) => cloudId === undefined || id === cloudId);
  if (only === undefined || others.length > 0) {
    const names = sites.map(({ id, url }) => `${id} (${url})`).join(", ");
    const message = `Set cloudId in the metadata to one of: ${names || "no site with Jira was authorized"}`;
    throw new nango.ActionError({ message });
  }
  const site = { cloudId: only.id, baseUrl: only.url };
  await nango.updateMetadata(site);
  return site;
};

/** The path of the REST API at this site. */
export const apiOf = ({ cloudId }: Site): string => `/ex/jira/${cloudId}/rest/api/3`;
