import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { placeOf } from '../../src/people/personal-fields.js';

const kinds: Readonly<Record<string, readonly string[]>> = {
  name: [
    'user_name',
    'author_name',
    'userName',
    'creator_name',
    'dataset_author_name',
    'first_name',
    'fullName',
    'username',
    'viewer_name',
  ],
  mail: ['email', 'user_email', 'mail', 'e_mail', 'contactEmailAddress', 'mails'],
  id: ['user_id', 'author_id', 'userId', 'creator_id', 'dataset_owner_ids', 'ORCID', 'user_uuid'],
  address: ['ip', 'client_ip', 'ipAddress', 'remote_addr', 'x_forwarded_for', 'x-real-ip'],
  agent: ['user_agent', 'userAgent', 'User-Agent'],
};

test('what a field holds is known by the last words of its name', () => {
  for (const [kind, names] of Object.entries(kinds)) {
    for (const name of names) assert.is(placeOf(name).kind, kind, name);
  }
  for (const name of [
    'resource_name',
    'dataset_name',
    'extractor_name',
    'service_name',
    'filename',
    'emails_sent',
    'name',
    'id',
    'resource_id',
    'device_id',
    'session_id',
    'agent_kind',
    'zip',
    'user',
    '',
    '__proto__',
    'constructor',
  ]) {
    assert.is(placeOf(name).kind, undefined, name);
  }
});

test('within a person, a name and an id are those of a person', () => {
  for (const owner of ['user', 'creator', 'dataset_owner', 'contributors', 'people']) {
    const outer = placeOf(owner);
    assert.is(outer.person, true, owner);
    assert.equal(
      [placeOf('name', outer).kind, placeOf('id', outer).kind, placeOf('_id', outer).kind],
      ['name', 'id', 'id'],
    );
    assert.is(placeOf('role', outer).kind, undefined);
  }
  assert.is(placeOf('name', placeOf('resource')).kind, undefined);
  assert.is(placeOf('first', placeOf('user_name')).kind, 'name');
});

test('the properties of a user are of a person, plain or in operations', () => {
  const outer = placeOf('user_properties');
  assert.equal([outer.person, placeOf('name', outer).kind, placeOf('plan', outer).kind], [false, 'name', undefined]);
  for (const operation of ['$set', 'set', 'setOnce']) {
    const place = placeOf(operation, outer);
    assert.equal([place.person, placeOf('name', place).kind, placeOf('plan', place).kind], [false, 'name', undefined]);
  }
  assert.is(placeOf('name', placeOf('set')).kind, undefined);
});

test.run();
