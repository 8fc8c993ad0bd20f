/** KDL 1.0 as far as configurations of niri need it (kdl.dev/spec-v1): strict, so that a slip of the pen is one here too. */

/** A node: its name, what follows on its line, and its children. */
export interface KdlNode {
  readonly name: string;
  readonly values: readonly KdlValue[];
  readonly properties: Readonly<Record<string, KdlValue>>;
  readonly children: readonly KdlNode[];
}

type KdlValue = string | number | boolean | null;

/** Bare identifiers: no space, none of these, and neither a digit first nor a sign with a digit. */
const IDENTIFIER = /^(?![+-]?\d)[^\s\\/(){}<>;[\]=,"]+/;
const STRING = /^"((?:[^"\\]|\\[nrt\\/"bf])*)"/;
const NUMBER = /^[+-]?\d[\d_]*(\.\d+)?(?=[\s;}]|$)/;
const KEYWORDS: Readonly<Record<string, KdlValue>> = { true: true, false: false, null: null };

/** The nodes of a document; throws with the place where it is none. */
export function parseKdl(text: string): KdlNode[] {
  const reader = new Reader(text);
  const nodes = reader.nodes();
  if (!reader.done) reader.fail('a node');
  return nodes;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  get done(): boolean {
    return this.at >= this.text.length;
  }

  nodes(): KdlNode[] {
    const nodes: KdlNode[] = [];
    for (;;) {
      while (this.take(/^(\s|;|\/\/[^\n]*)+/) !== undefined);
      if (this.done || this.peek() === '}') return nodes;
      nodes.push(this.node());
    }
  }

  private node(): KdlNode {
    const name = this.name();
    const values: KdlValue[] = [];
    const properties: Record<string, KdlValue> = {};
    while (this.take(/^[ \t]+/) !== undefined) {
      if (/^(\{|;|\n|\/\/)/.test(this.rest) || this.done) break;
      const property = this.take(new RegExp(`${IDENTIFIER.source}=`));
      if (property === undefined) values.push(this.value());
      else properties[property.slice(0, -1)] = this.value();
    }
    let children: KdlNode[] = [];
    if (this.take(/^\{/) !== undefined) {
      children = this.nodes();
      if (this.take(/^\}/) === undefined) this.fail('}');
    }
    this.take(/^[ \t]+/);
    if (!this.done && !/^(\n|;|\}|\/\/)/.test(this.rest)) this.fail('the end of a node');
    return { name, values, properties, children };
  }

  private name(): string {
    const name = this.take(STRING) ?? this.take(IDENTIFIER);
    if (name === undefined || name in KEYWORDS) return this.fail('the name of a node');
    return name.replaceAll('"', '');
  }

  private value(): KdlValue {
    const string = this.take(STRING);
    if (string !== undefined) return JSON.parse(string) as string;
    const number = this.take(NUMBER);
    if (number !== undefined) return Number(number.replaceAll('_', ''));
    // Only in version 2 can a value be a bare word.
    const word = this.take(/^[a-z]+(?=[\s;}]|$)/) ?? '';
    return word in KEYWORDS ? (KEYWORDS[word] as KdlValue) : this.fail('a value');
  }

  private get rest(): string {
    return this.text.slice(this.at);
  }

  private peek(): string | undefined {
    return this.text[this.at];
  }

  private take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  fail(what: string): never {
    const line = this.text.slice(0, this.at).split('\n').length;
    throw new Error(`line ${line}: ${what} was expected: ${this.rest.split('\n')[0]}`);
  }
}
