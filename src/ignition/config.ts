/**
 * An Ignition configuration as plain data: the result of the positional parser and of Butane, and the input of
 * validation, merging, up-conversion and encoding. One set of types serves all specifications, because they differ only
 * in the allowed fields (see schema.ts), not in the shape of a field.
 *
 * An absent property is Go's nil pointer, empty list, empty struct or zero value, depending on the field.
 */

/** A whole number; a bigint only if it is too large to be an exact JavaScript number. */
export type Int = number | bigint;

/** Any value inside a configuration. */
export type ConfigValue = string | Int | boolean | ConfigObject | ConfigValue[];

/** Any struct of a configuration, for code that follows the schema tables. */
export type ConfigObject = { [name: string]: ConfigValue };

/** The root of a configuration. */
export type Config = {
  ignition?: Ignition;
  kernelArguments?: KernelArguments;
  passwd?: Passwd;
  storage?: Storage;
  systemd?: Systemd;
};

export type Ignition = {
  config?: { merge?: Resource[]; replace?: Resource };
  proxy?: Proxy;
  security?: { tls?: { certificateAuthorities?: Resource[] } };
  timeouts?: { httpResponseHeaders?: Int; httpTotal?: Int };
  version?: string;
};

export type Proxy = { httpProxy?: string; httpsProxy?: string; noProxy?: string[] };

/** Something to be fetched: file contents, a configuration, a certificate, a key. */
export type Resource = {
  compression?: string;
  httpHeaders?: HttpHeader[];
  source?: string;
  verification?: { hash?: string };
};

export type HttpHeader = { name?: string; value?: string };

export type KernelArguments = { shouldExist?: string[]; shouldNotExist?: string[] };

export type Passwd = { groups?: PasswdGroup[]; users?: PasswdUser[] };

export type PasswdGroup = {
  gid?: Int;
  name?: string;
  passwordHash?: string;
  shouldExist?: boolean;
  system?: boolean;
};

export type PasswdUser = {
  gecos?: string;
  groups?: string[];
  homeDir?: string;
  name?: string;
  noCreateHome?: boolean;
  noLogInit?: boolean;
  noUserGroup?: boolean;
  passwordHash?: string;
  primaryGroup?: string;
  sshAuthorizedKeys?: string[];
  shell?: string;
  shouldExist?: boolean;
  system?: boolean;
  uid?: Int;
};

export type Storage = {
  directories?: Directory[];
  disks?: Disk[];
  files?: File[];
  filesystems?: Filesystem[];
  links?: Link[];
  luks?: Luks[];
  raid?: Raid[];
};

export type NodeOwner = { id?: Int; name?: string };

export type Node = { group?: NodeOwner; overwrite?: boolean; path?: string; user?: NodeOwner };

export type Directory = Node & { mode?: Int };

export type File = Node & { append?: Resource[]; contents?: Resource; mode?: Int };

export type Link = Node & { hard?: boolean; target?: string };

export type Disk = { device?: string; partitions?: Partition[]; wipeTable?: boolean };

export type Partition = {
  guid?: string;
  label?: string;
  number?: Int;
  resize?: boolean;
  shouldExist?: boolean;
  sizeMiB?: Int;
  startMiB?: Int;
  typeGuid?: string;
  wipePartitionEntry?: boolean;
};

export type Filesystem = {
  device?: string;
  format?: string;
  label?: string;
  mountOptions?: string[];
  options?: string[];
  path?: string;
  uuid?: string;
  wipeFilesystem?: boolean;
};

export type Raid = {
  devices?: string[];
  level?: string;
  name?: string;
  options?: string[];
  spares?: Int;
};

export type Luks = {
  cex?: { enabled?: boolean };
  clevis?: Clevis;
  device?: string;
  discard?: boolean;
  keyFile?: Resource;
  label?: string;
  name?: string;
  openOptions?: string[];
  options?: string[];
  uuid?: string;
  wipeVolume?: boolean;
};

export type Clevis = { custom?: ClevisCustom; tang?: Tang[]; threshold?: Int; tpm2?: boolean };

export type ClevisCustom = { config?: string; needsNetwork?: boolean; pin?: string };

export type Tang = { advertisement?: string; thumbprint?: string; url?: string };

export type Systemd = { units?: Unit[] };

export type Unit = {
  contents?: string;
  dropins?: Dropin[];
  enabled?: boolean;
  mask?: boolean;
  name?: string;
};

export type Dropin = { contents?: string; name?: string };
