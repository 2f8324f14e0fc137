// Whom a connection belongs to, as its tags say it: apps find connections by them.
type EndUser = {
  id?: unknown;
  email?: unknown;
  display_name?: unknown;
  tags?: unknown;
  organization?: { id?: unknown; display_name?: unknown } | null | undefined;
};

/** The tags that an end user stands for, under which explicit ones are laid. Takes what is sent, and what is stored. */
export const tagsOfEndUser = ({ id, email, display_name, tags, organization }: EndUser): Record<string, string> => {
  const all = {
    ...(tags as Record<string, unknown> | undefined),
    end_user_id: id,
    end_user_email: email,
    end_user_display_name: display_name,
    organization_id: organization?.id,
    organization_display_name: organization?.display_name,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
};
