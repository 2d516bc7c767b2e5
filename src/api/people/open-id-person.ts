import type { Role } from '../../contract/permission.ts';
import type { Db } from '../../store/database.ts';
import { isDuplicate } from '../../store/explain-store-error.ts';
import { newId } from '../../store/new-id.ts';
import {
  type Person,
  countAdmins,
  findPerson,
  findPersonByEmail,
  findPersonByOidc,
  insertPerson,
  updatePerson,
} from '../../store/person.ts';
import { deleteSessionsOf } from '../../store/session.ts';
import { audited } from '../audited.ts';
import { Refusal } from '../problem.ts';
import type { Identity } from './open-id-identity.ts';
import { keepAdmin } from './people.ts';

const identityColumns = ({ issuer, subject }: Identity) => ({ oidcIssuer: issuer, oidcSubject: subject });

function refuseDisabled({ disabledAt }: Person): void {
  if (disabledAt) throw new Refusal(403, 'sign-in-disabled', 'You are not let in here any more.');
}

/** Roles follow the groups, except that the last administrator stays one. */
async function follow(db: Db, person: Person, role: Role | undefined): Promise<Person> {
  if (role === undefined || role === person.role) return person;
  if (person.role === 'admin' && (await countAdmins(db)) === 1) return person;
  const details = { by: 'openid', before: person.role, role };
  const deed = { actor: person.id, action: 'person.change', target: person.id, details };
  return audited(db, deed, async (transaction) => {
    const changed = (await updatePerson(transaction, person.id, { role }))!;
    await keepAdmin(transaction);
    await deleteSessionsOf(transaction, person.id);
    return changed;
  });
}

/**
 * The person with the same address becomes this identity. Their address is verified, so it is theirs; but where the issuer
 * has vouched for somebody else with it before, the address may have been given to a new person since.
 */
async function link(db: Db, { id }: Person, identity: Identity): Promise<Person> {
  const { issuer, subject, email } = identity;
  const details = { by: 'openid', issuer, subject };
  const deed = { actor: id, action: 'person.link', target: id, details };
  return audited(db, deed, async (transaction) => {
    const { oidcIssuer, oidcSubject } = (await findPerson(transaction, id))!;
    if (oidcIssuer === issuer && oidcSubject !== subject)
      throw new Refusal(
        403,
        'sign-in-address-taken',
        `The address ${email} belongs to another person of the same sign-in provider here.`,
      );
    return (await updatePerson(transaction, id, identityColumns(identity)))!;
  });
}

async function create(db: Db, identity: Identity, usualRole: Role | undefined): Promise<Person> {
  const { name, email, issuer, subject, role = usualRole } = identity;
  if (role === undefined)
    throw new Refusal(
      403,
      'sign-in-unknown',
      `Nobody here has the address ${email}; ask an administrator to let you in.`,
    );
  const id = newId('person');
  const details = { by: 'openid', name, email, role, issuer, subject };
  const deed = { actor: id, action: 'person.create', target: id, details };
  return audited(db, deed, (transaction) =>
    insertPerson(transaction, { id, name, email, role, ...identityColumns(identity) }),
  );
}

async function find(db: Db, identity: Identity): Promise<Person | undefined> {
  const known = await findPersonByOidc(db, identity.issuer, identity.subject);
  const person = known ?? (await findPersonByEmail(db, identity.email));
  if (!person) return undefined;
  refuseDisabled(person);
  return follow(db, known ?? (await link(db, person, identity)), identity.role);
}

/**
 * The person that an identity is: by issuer and subject; else by their verified address, from then on by issuer and subject;
 * else a new one of the role that their groups or `usualRole` give them. Throws Refusal 403 for a disabled person, for an
 * address that is another identity's, and for whoever is new where nothing gives a role.
 */
export async function personOf(db: Db, identity: Identity, usualRole: Role | undefined): Promise<Person> {
  const person = await find(db, identity);
  if (person) return person;
  try {
    return await create(db, identity, usualRole);
  } catch (error) {
    // They signed in twice at once: the other one was first.
    const first = isDuplicate(error) ? await find(db, identity) : undefined;
    if (first) return first;
    throw error;
  }
}
