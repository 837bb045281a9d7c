/**
 * A fast hash of bytes with 64 bits, not meant to withstand anybody (after bryc's cyrb53, public domain). It has two
 * lanes, and can be taken up where it was left, so that agent and address cost one pass together.
 */
export class ByteHash {
  a = 0;
  b = 0;

  reset(): void {
    this.a = 0xdeadbeef | 0;
    this.b = 0x41c6ce57;
  }

  /** Several fields in turn: where one ends is part of the hash. */
  add(bytes: Buffer, start: number, end: number): void {
    let a = this.a;
    let b = this.b;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at]!;
      a = Math.imul(a ^ byte, 2_654_435_761);
      b = Math.imul(b ^ byte, 1_597_334_677);
    }
    this.a = Math.imul(a ^ 0x100, 2_654_435_761);
    this.b = Math.imul(b ^ 0x100, 1_597_334_677);
  }

  /** One that no field of bytes makes, such as 0x1ff. */
  addSign(sign: number): void {
    this.a = Math.imul(this.a ^ sign, 2_654_435_761);
    this.b = Math.imul(this.b ^ sign, 1_597_334_677);
  }

  get high(): number {
    return Math.imul(this.b ^ (this.b >>> 16), 2_246_822_507) ^ Math.imul(this.a ^ (this.a >>> 13), 3_266_489_909);
  }

  get low(): number {
    return Math.imul(this.a ^ (this.a >>> 16), 2_246_822_507) ^ Math.imul(this.b ^ (this.b >>> 13), 3_266_489_909);
  }
}
