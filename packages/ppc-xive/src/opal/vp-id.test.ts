// Numbers of virtual processors: KVM's packing of vCPU ids, OPAL's blocks. Linux: kvm_book3s.h; skiboot: hw/xive.c.

import { describe, expect, it } from 'vitest';
import { camOf } from '../hw/presenter.ts';
import { decodeVp, packVcpuId, VP_GROUP, vpId } from './vp-id.ts';

describe('F-27 vCPU ids in a VP block', () => {
  it.each([
    [2048, 8, 4],
    [2056, 8, 12],
    [4096, 8, 2],
    [17, 1, 17],
  ])('V-65 id %i with stride %i is VP %i', (id, stride, vp) => expect(packVcpuId(id, stride)).toBe(vp));

  it('ids of cores of eight threads fill 2048 places without a collision', () => {
    const ids = Array.from({ length: 256 }, (_, core) => core * 8).flatMap((id) =>
      [0, 2048, 4096, 6144, 8192, 10240, 12288, 14336].map((more) => id + more),
    );
    expect(new Set(ids.map((id) => packVcpuId(id, 8))).size).toBe(2048);
  });

  it('beyond the last block: 0', () => expect([packVcpuId(16384, 8), packVcpuId(2048, 1)]).toEqual([0, 0]));
});

describe('F-27 OPAL VP ids', () => {
  it('V-66 base 0x4B000000 on two chips: +5 is block 0, +0x405 block 1; CAM 0x80005', () => {
    const base = 0x4b000000;
    expect([decodeVp(base + 5, 1), decodeVp(base + 0x405, 1)]).toEqual([
      { block: 0, index: 5 },
      { block: 1, index: 5 },
    ]);
    expect(camOf(1, 5, 1)).toBe(0x80005);
  });

  it('one chip: index as it is; groups, PIRs and orders below the chips are none', () => {
    expect(decodeVp(vpId(11, 0x805), 0)).toEqual({ block: 0, index: 0x805 });
    expect([decodeVp(VP_GROUP | vpId(11, 5), 0), decodeVp(5, 0), decodeVp(vpId(0, 5), 1)]).toEqual([null, null, null]);
  });

  it('every VP of a block of 2^4 on four chips is somewhere else', () => {
    const places = Array.from({ length: 16 }, (_, i) => decodeVp(vpId(4, 0x40 + i), 2));
    expect(new Set(places.map((p) => `${p?.block}/${p?.index}`)).size).toBe(16);
    expect(new Set(places.map((p) => p?.block))).toEqual(new Set([0, 1, 2, 3]));
  });
});
