// Random searches for spaces beyond memory or beyond one machine.

export {
  type RandomSearchOptions,
  type RandomSearchResult,
  randomSearch,
  randomSearchSlices,
} from './random-search.ts';
export {
  exploreShard,
  exploreShardSlices,
  type MergedResult,
  mergeShards,
  type Part,
  parseShard,
  type ShardOptions,
  type ShardResult,
  type ShardViolation,
} from './shard.ts';
