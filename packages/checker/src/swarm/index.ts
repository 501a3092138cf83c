// Random searches for spaces beyond memory or beyond one machine.

export { type RandomSearchOptions, type RandomSearchResult, randomSearch } from './random-search.ts';
export {
  exploreShard,
  type MergedResult,
  mergeShards,
  type Part,
  parseShard,
  type ShardOptions,
  type ShardResult,
  type ShardViolation,
} from './shard.ts';
