import type { Static } from 'typebox';
import type { person } from '../../contract/people.ts';
import type { Person } from '../../store/person.ts';

/** A person as the API tells them. */
export function personAnswer({
  id,
  name,
  email,
  role,
  createdAt,
  disabledAt,
}: Person): Static<typeof person> {
  return { id, name, email, role, createdAt: createdAt.toISOString(), disabled: disabledAt !== null };
}
