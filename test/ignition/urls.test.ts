import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base64DataUrl,
  DataUrlError,
  decodeDataUrl,
  escapedDataUrl,
  findDataUrlFault,
} from '../../src/ignition/data-url.ts';
import { parseUrl, queryValue } from '../../src/ignition/go-url.ts';

describe('parseUrl agrees with Go about which texts are URLs', () => {
  test.each([
    ['http://', 'http', ''],
    ['HTTP://A/', 'http', ''],
    ['', '', ''],
    ['/relative', '', ''],
    ['example.com/a', '', ''],
    ['//host/x', '', ''],
    ['///x', '', ''],
    ['data:,a%zz', 'data', ',a%zz'],
    ['javascript:alert(1)', 'javascript', 'alert(1)'],
    ['http://a/?q=%zz', 'http', ''],
    ['http://u:p@a:80/', 'http', ''],
    ['http://a:/', 'http', ''],
    ['http://[::1]:80/', 'http', ''],
    ['http://[fe80::1%25eth0]/', 'http', ''],
    ['http://é/', 'http', ''],
    ['http://a%e9/', 'http', ''],
    ['http://a/ b', 'http', ''],
    ['http://a/#%20', 'http', ''],
    ['1a:b/c', undefined, ''],
    ['*', '', ''],
  ])('%j has scheme %j', (text, scheme, opaque) => {
    expect(parseUrl(text)).toEqual(
      scheme === undefined ? undefined : (expect.objectContaining({ scheme, opaque }) as unknown),
    );
  });

  test.each([
    [':', 'a colon first'],
    ['a b:c', 'a colon in the first segment of a relative reference'],
    ['%', 'a bad escape in a path'],
    ['http://a/%zz', 'a bad escape behind a host'],
    ['http://a/#%', 'a bad escape in a fragment'],
    ['http://a b/', 'a space in a host'],
    ['http://a%41/', 'an escaped ASCII letter in a host'],
    ['http://a%zz/', 'a bad escape in a host'],
    ['http://a\\b/', 'a backslash in a host'],
    ['http://a:b/', 'a port of letters'],
    ['http://[::1', 'an open bracket'],
    ['http://[::1]x/', 'text behind a bracket'],
    ['http://a{@b/', 'a brace in the user'],
    ['http://a%@b/', 'a bad escape in the user'],
    ['http://a/\n', 'a line feed'],
    ['data:;base64,aGVs\nbG8=', 'a line feed in data'],
    ['http://a/\u007f', 'a delete character'],
  ])('%j is not a URL: %s', (text) => {
    expect(parseUrl(text)).toBeUndefined();
  });

  test.each([
    ['versionId=1', '1'],
    ['a=b&versionId=', ''],
    ['versionId', ''],
    ['version%49d=x%20+y', 'x  y'],
    ['versionId=a;b&versionId=c', 'c'],
    ['versionId=%zz', undefined],
    ['VersionId=1', undefined],
  ])('the versionId of %j is %j', (query, value) => {
    expect(queryValue(query, 'versionId')).toBe(value);
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseUrl(text)));
    fc.assert(fc.property(fc.webUrl(), (text) => /^https?$/.test(parseUrl(text)?.scheme ?? '')));
  });
});

describe('data URLs', () => {
  test.each([
    ['data:,', ''],
    ['data:,a%20b', 'a b'],
    ['data:,%C3%A9', 'é'],
    ['data:;base64,aGVsbG8=', 'hello'],
    ['data:text/plain,x', 'x'],
    ['data:text/plain;charset=utf-8,x', 'x'],
    ['data:text/plain;charset=utf-8;base64,eA==', 'x'],
    ['data:;a="q\\"\\x41",x', 'x'],
    ['data:x-foo/bar,x', 'x'],
    ['data:,a,b', 'a,b'],
    ['data:;base64,', ''],
  ])('%j holds %j', (url, text) => {
    expect(findDataUrlFault(url)).toBeUndefined();
    expect(decodeDataUrl(url).toString('utf8')).toBe(text);
  });

  test.each([
    ['http:,', 'missing data prefix'],
    ['data:', 'missing comma before data'],
    ['data:text', 'missing media type slash'],
    ['data:text/plain', 'incomplete media type'],
    ['data:foo/bar,x', 'invalid media type'],
    ['data:text@/a,', 'invalid character for media type'],
    ['data:(,', 'invalid character after data prefix'],
    ['data:text/pl ain,', 'invalid character for media subtype'],
    ['data:;,', 'unterminated parameter sequence'],
    ['data:;(=a,', 'invalid character for parameter attribute'],
    ['data:;base65,x', 'expected base64, got base65'],
    ['data:;base64;x=y,a', 'invalid character for parameter attribute'],
    ['data:;a', 'unterminated parameter sequence'],
    ['data:;a=', 'invalid character for parameter value'],
    ['data:;a="b', 'unclosed quoted string'],
    ['data:;a="\\z",', 'invalid syntax'],
    ['data:;a=b', 'missing comma before data'],
    ['data:;a="b"c,', 'expected semicolon or comma'],
    ['data:,a b', 'invalid data character'],
    ['data:,é', 'invalid data character'],
    ['data:,a%2', 'rfc2396: unexpected end of unescape sequence'],
    ['data:,a%zz', 'rfc2396: invalid char 0x25 in unescape sequence'],
    ['data:;base64,a', 'illegal base64 data at input byte 0'],
    ['data:;base64,YWJjZ', 'illegal base64 data at input byte 4'],
    ['data:;base64,YWJj=', 'illegal base64 data at input byte 4'],
    ['data:;base64,YW=', 'illegal base64 data at input byte 3'],
    ['data:;base64,YW=J', 'illegal base64 data at input byte 2'],
    ['data:;base64,YWI=\nYQ==', 'illegal base64 data at input byte 5'],
    ['data:;base64,YW\nJjZ', 'illegal base64 data at input byte 5'],
    ['data:;base64,aG=sbG8=', 'illegal base64 data at input byte 2'],
    ['data:;base64,a-_=', 'invalid data character'],
  ])('%j is refused: %s', (url, fault) => {
    expect(findDataUrlFault(url)).toBe(fault);
    expect(() => decodeDataUrl(url)).toThrow(DataUrlError);
  });

  test('encoded bytes decode unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeDataUrl(escapedDataUrl(bytes))).toEqual(Buffer.from(bytes));
        expect(decodeDataUrl(base64DataUrl(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('text is escaped like encodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(escapedDataUrl(Buffer.from(text))).toBe(`data:,${encodeURIComponent(text)}`);
      }),
    );
  });

  test('noise never throws anything but DataUrlError', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void findDataUrlFault(`data:${text}`)));
  });
});
