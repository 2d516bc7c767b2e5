import { type Generated, type Insertable, type Selectable, type Updateable, sql } from 'kysely';
import type { Role } from '../contract/permission.ts';
import type { Db } from './database.ts';

export interface PersonTable {
  id: string;
  /** Unique without regard to case. */
  email: string;
  name: string;
  role: Role;
  /** Argon2id in its PHC notation; null for whoever signs in through OIDC alone. */
  passwordHash: string | null;
  /** Issuer and subject together are who somebody is at an OIDC provider; an e-mail address is not. */
  oidcIssuer: string | null;
  oidcSubject: string | null;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
  seenAt: Date | null;
  disabledAt: Date | null;
}

export type Person = Selectable<PersonTable>;

/** Throws the database's refusal (`isDuplicate`, index `person_email`) when the address is taken. */
export async function insertPerson(db: Db, person: Insertable<PersonTable>): Promise<Person> {
  return db.insertInto('person').values(person).returningAll().executeTakeFirstOrThrow();
}

export async function findPerson(db: Db, id: string): Promise<Person | undefined> {
  return db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findPersonByEmail(db: Db, email: string): Promise<Person | undefined> {
  return db
    .selectFrom('person')
    .selectAll()
    .where(sql<string>`lower(email)`, '=', email.toLowerCase())
    .executeTakeFirst();
}

export async function findPersonByOidc(db: Db, issuer: string, subject: string): Promise<Person | undefined> {
  return db
    .selectFrom('person')
    .selectAll()
    .where('oidcIssuer', '=', issuer)
    .where('oidcSubject', '=', subject)
    .executeTakeFirst();
}

export async function listPeople(db: Db): Promise<Person[]> {
  return db.selectFrom('person').selectAll().orderBy('name').orderBy('id').execute();
}

/** Gives undefined when there is no such person. */
export async function updatePerson(
  db: Db,
  id: string,
  change: Updateable<PersonTable>,
): Promise<Person | undefined> {
  const values = { ...change, updatedAt: new Date() };
  return db.updateTable('person').set(values).where('id', '=', id).returningAll().executeTakeFirst();
}

/** Until there is one, only this machine is served; and the last one can be neither disabled nor made less. */
export async function countAdmins(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('person')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('role', '=', 'admin')
    .where('disabledAt', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}
