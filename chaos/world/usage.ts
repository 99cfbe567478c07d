import { readdir, readFile } from 'node:fs/promises'

/** What a process holds at a moment, as the system says. */
export interface Usage {
  readonly at: number
  /** Resident. */
  readonly memoryMiB: number
  readonly descriptors: number
}

/** Linux only. @throws Error where there is no such process */
export async function usageOf(pid: number): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length
  return { at: Date.now(), memoryMiB: kib / 1024, descriptors }
}

/**
 * How much a value has grown from the first to the last sample: the median of the slopes between any two of them (Theil and
 * Sen), which a spike, or a fall at the end, does not move.
 */
export function growth(samples: readonly { readonly at: number; readonly value: number }[]): number {
  const slopes: number[] = []
  for (const [index, a] of samples.entries())
    for (const b of samples.slice(index + 1)) if (b.at > a.at) slopes.push((b.value - a.value) / (b.at - a.at))
  const sorted = slopes.toSorted((a, b) => a - b)
  const slope = sorted[Math.floor(sorted.length / 2)] ?? 0
  return slope * ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0))
}
