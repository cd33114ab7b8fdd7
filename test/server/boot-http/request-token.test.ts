import { describe, expect, it } from 'vitest';
import { hideToken, takeToken } from '../../../src/server/boot-http/request-token.ts';

interface Row {
  readonly name: string;
  readonly query: string;
  readonly rest: string;
  readonly token: string | undefined;
  /** The query as it is logged. */
  readonly logged: string;
}

describe('the token of a query', () => {
  it.each<Row>([
    { name: 'none', query: 'mac=a&uuid=b', rest: 'mac=a&uuid=b', token: undefined, logged: 'mac=a&uuid=b' },
    { name: 'the last', query: 'mac=a&token=S', rest: 'mac=a', token: 'S', logged: 'mac=a&token=...' },
    { name: 'the first', query: 'token=S&mac=a', rest: 'mac=a', token: 'S', logged: 'token=...&mac=a' },
    {
      name: 'between others',
      query: 'mac=a&token=S&name=x',
      rest: 'mac=a&name=x',
      token: 'S',
      logged: 'mac=a&token=...&name=x',
    },
    { name: 'alone', query: 'token=S', rest: '', token: 'S', logged: 'token=...' },
    { name: 'twice', query: 'token=S&token=T', rest: '', token: 'S', logged: 'token=...&token=...' },
    { name: 'in capitals', query: 'TOKEN=S', rest: '', token: 'S', logged: 'token=...' },
    { name: 'with an escape in its name', query: '%74oken=S', rest: '', token: 'S', logged: 'token=...' },
    { name: 'with escapes in its value', query: 'token=%53', rest: '', token: 'S', logged: 'token=...' },
    {
      name: 'with an equals sign in its value',
      query: 'token=S=T',
      rest: '',
      token: 'S=T',
      logged: 'token=...',
    },
    { name: 'empty', query: 'token=', rest: '', token: '', logged: 'token=...' },
    { name: 'without a value', query: 'token', rest: '', token: '', logged: 'token' },
    { name: 'a longer name', query: 'mytoken=S', rest: 'mytoken=S', token: undefined, logged: 'mytoken=S' },
    {
      name: 'an invalid escape',
      query: '%zz=S&token=T',
      rest: '%zz=S',
      token: 'T',
      logged: '%zz=S&token=...',
    },
  ])('$name', ({ logged, query, rest, token }) => {
    expect(takeToken(query)).toEqual({ rawQuery: rest, token });
    expect(hideToken(`/ignition?${query}`)).toBe(`/ignition?${logged}`);
  });

  it('is in no path', () => {
    expect(hideToken('/assets/token=S')).toBe('/assets/token=S');
  });
});
