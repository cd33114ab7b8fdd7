import {
  decodeDnsMessage,
  type DnsMessage,
  RecordClass,
  RecordType,
  type ResourceRecord,
  ResponseCode,
} from '../../src/protocol/dns/dns-message.ts';
import { type DnsName, isWithinZone } from '../../src/protocol/dns/dns-name.ts';
import { type DnsUpdate, encodeUpdate } from '../../src/protocol/dns/dns-update.ts';

/** A zone that accepts updates as RFC 2136 section 3 specifies, and keeps the received messages. */
export class FakeDnsZone {
  readonly name: DnsName;
  readonly received: DnsMessage[] = [];
  #records: ResourceRecord[] = [];

  constructor(name: DnsName) {
    this.name = name;
  }

  /** Adds a record, as an administrator would. */
  add(name: DnsName, type: number, rdata: Uint8Array): void {
    this.#records.push({ name, type, class: RecordClass.in, ttl: 300, rdata });
  }

  /** Records as `NAME TYPE HEX`, sorted. */
  list(): string[] {
    return this.#records
      .map(
        ({ name, rdata, type }) =>
          `${name} ${TYPE_NAMES[type] ?? type} ${Buffer.from(rdata).toString('hex')}`,
      )
      .sort();
  }

  ttlOf(name: DnsName, type: number): number | undefined {
    return this.#records.find((one) => one.name === name && one.type === type)?.ttl;
  }

  update(update: DnsUpdate): number {
    return this.receive(decodeDnsMessage(encodeUpdate(1, update)));
  }

  /** Executes an UPDATE message, and returns the response code. */
  receive(message: DnsMessage): number {
    this.received.push(message);
    if (message.questions[0]?.name !== this.name) return ResponseCode.notAuth;
    const all = [...message.answers, ...message.authorities];
    if (all.some(({ name }) => !isWithinZone(name, this.name))) return ResponseCode.notZone;
    for (const prerequisite of message.answers) {
      const failure = this.#check(prerequisite);
      if (failure !== undefined) return failure;
    }
    for (const one of message.authorities) this.#apply(one);
    return ResponseCode.noError;
  }

  #check(prerequisite: ResourceRecord): number | undefined {
    const ofName = this.#records.filter(({ name }) => name === prerequisite.name);
    const ofType = ofName.filter(({ type }) => type === prerequisite.type);
    const any = prerequisite.type === RecordType.any;
    switch (prerequisite.class) {
      case RecordClass.any:
        if (any) return ofName.length > 0 ? undefined : ResponseCode.nxDomain;
        return ofType.length > 0 ? undefined : ResponseCode.nxRrset;
      case RecordClass.none:
        if (any) return ofName.length === 0 ? undefined : ResponseCode.yxDomain;
        return ofType.length === 0 ? undefined : ResponseCode.yxRrset;
      default:
        return ofType.length === 1 && sameData(ofType[0]!, prerequisite) ? undefined : ResponseCode.nxRrset;
    }
  }

  #apply(update: ResourceRecord): void {
    const { name, type } = update;
    const isMeant = (one: ResourceRecord): boolean => {
      if (one.name !== name || (type !== RecordType.any && one.type !== type)) return false;
      return update.class === RecordClass.any || sameData(one, update);
    };
    this.#records = this.#records.filter((one) => !isMeant(one));
    if (update.class === RecordClass.in) this.#records.push(update);
  }
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [RecordType.a]: 'A',
  [RecordType.aaaa]: 'AAAA',
  [RecordType.ptr]: 'PTR',
  [RecordType.dhcid]: 'DHCID',
};

function sameData(a: ResourceRecord, b: ResourceRecord): boolean {
  return Buffer.compare(a.rdata, b.rdata) === 0;
}
