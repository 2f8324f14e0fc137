// Makes the fields of any row from (seed, kind, index, revision) alone, so that a million rows take no memory.
import { type Fields, idOf, type Kind, kindNumber, type RowCounts } from "./kinds.ts";
import { createRandom, type Random } from "./random.ts";
import * as words from "./words.ts";

type Identified = Fields & { id: string };
/** Who the row is (never changes) and how it is now (other numbers at each revision). */
type Dice = { id: string; who: Random; now: Random; index: number; counts: RowCounts };

const reference = (random: Random, kind: Kind, counts: RowCounts) =>
  counts[kind] === 0 ? null : idOf(kind, random.below(counts[kind]));

const tags = (random: Random) => words.TAGS.filter(() => random.chance(0.25));
const note = (random: Random) => `${random.pick(words.SENTENCES)} ${random.pick(words.SENTENCES)}`;

const address = (random: Random) => {
  const [city, country] = random.pick(words.CITIES);
  return {
    street: `${1 + random.below(200)} ${random.pick(words.STREETS)}`,
    city,
    postal_code: String(10_000 + random.below(90_000)),
    country,
    location: { lat: (random.below(180_000) - 90_000) / 1000, lng: (random.below(360_000) - 180_000) / 1000 },
  };
};

const contact = ({ id, who, now, index, counts }: Dice): Identified => ({
  id,
  first_name: who.pick(words.FIRST_NAMES),
  last_name: who.pick(words.LAST_NAMES),
  email: `person.${index}@${who.pick(words.COMPANY_WORDS).toLowerCase()}.example`,
  company_id: reference(who, "companies", counts),
  address: address(who),
  phone: now.chance(0.1) ? null : `+44 20 ${7_000_0000 + now.below(999_9999)}`,
  title: now.pick(words.TITLES),
  status: now.pick(["lead", "active", "paused", "former"]),
  lead_score: now.below(101),
  is_subscribed: now.chance(0.6),
  tags: tags(now),
  custom_fields: {
    source: now.pick(["import", "form", "api"]),
    visits: now.below(10_000),
    score: now.below(10_000) / 100,
  },
  notes: note(now),
});

const company = ({ id, who, now, index, counts }: Dice): Identified => ({
  id,
  name: `${who.pick(words.COMPANY_WORDS)} ${who.pick(words.COMPANY_WORDS)} ${who.pick(words.COMPANY_ENDINGS)}`,
  domain: `company-${index}.example`,
  industry: who.pick(words.INDUSTRIES),
  parent_id: who.chance(0.1) ? reference(who, "companies", counts) : null,
  address: address(who),
  employees: 1 + now.below(20_000),
  annual_revenue: now.below(100_000_000) * 100,
  is_customer: now.chance(0.5),
  owner: { name: `${now.pick(words.FIRST_NAMES)} ${now.pick(words.LAST_NAMES)}`, team: now.pick(["north", "south"]) },
  tags: tags(now),
  description: note(now),
});

const ticket = ({ id, who, now, index, counts }: Dice): Identified => ({
  id,
  number: index + 1,
  subject: who.pick(words.SUBJECTS),
  body: `${note(who)} ${note(who)}`,
  contact_id: reference(who, "contacts", counts),
  company_id: reference(who, "companies", counts),
  channel: who.pick(["email", "phone", "web"]),
  priority: now.pick(["low", "normal", "high", "urgent"]),
  status: now.pick(["new", "open", "pending", "solved"]),
  assignee: now.chance(0.2) ? null : { name: now.pick(words.FIRST_NAMES), group: now.pick(["first line", "billing"]) },
  tags: tags(now),
  comments: now.below(40),
  satisfaction: now.chance(0.5) ? null : { score: 1 + now.below(5), comment: now.pick(words.SENTENCES) },
});

const MAKERS: Record<Kind, (dice: Dice) => Identified> = { contacts: contact, companies: company, tickets: ticket };

/** One row without version and times. A higher `revision` keeps who the row is and changes how it is. */
export const generateRow = (
  { seed, counts }: { seed: number; counts: RowCounts },
  { kind, index, revision }: { kind: Kind; index: number; revision: number },
): Identified =>
  MAKERS[kind]({
    id: idOf(kind, index),
    who: createRandom(seed, kindNumber(kind), index, 1),
    now: createRandom(seed, kindNumber(kind), index, 2 + revision),
    index,
    counts,
  });
