import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { median } from './statistics.ts'

/** One thing that was measured, round by round, beside a peer that did the same work in the same rounds. */
export interface Row {
  readonly work: string
  readonly unit: string
  readonly ours: readonly number[]
  readonly peer?: Peer
  /** What the ratio, or where there is none our own value, should come to. */
  readonly goal?: Goal
  /** What has to be known of it besides, a sentence or two. */
  readonly note?: string
}

export interface Peer {
  readonly name: string
  readonly values: readonly number[]
}

/** `least` where more is better. */
export type Goal = { readonly floor: number; readonly good?: number; readonly stretch?: number } & (
  | { readonly is: 'least' }
  | { readonly is: 'most' }
)

const RESULTS = new URL('results/', import.meta.url)
const STEPS = ['stretch', 'good', 'floor'] as const

/** The median of the rounds' ratios, and the lowest and highest of them. */
function ratioOf({ ours, peer }: Row): { median: number; lowest: number; highest: number } | undefined {
  if (peer === undefined) return undefined
  const ratios = ours.map((value, round) => value / (peer.values[round] ?? Number.NaN))
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
}

/** The highest step of the goal that was reached. */
function verdictOf(row: Row): string {
  const { goal } = row
  if (goal === undefined) return ''
  const value = ratioOf(row)?.median ?? median(row.ours)
  const reached = STEPS.find((step) => {
    const bound = goal[step]
    return bound !== undefined && (goal.is === 'least' ? value >= bound : value <= bound)
  })
  const sign = goal.is === 'least' ? '≥' : '≤'
  const asked = goal.good ?? goal.floor
  return `${sign} ${asked}: ${reached === undefined ? 'missed' : goal.good === undefined ? 'kept' : reached}`
}

function line(row: Row): readonly string[] {
  const ratio = ratioOf(row)
  return [
    row.work,
    `${shown(median(row.ours))} ${row.unit}`,
    row.peer === undefined ? '' : `${shown(median(row.peer.values))} ${row.unit} (${row.peer.name})`,
    ratio === undefined ? '' : rangeOf(ratio),
    verdictOf(row),
  ]
}

function rangeOf({ median: middle, lowest, highest }: NonNullable<ReturnType<typeof ratioOf>>): string {
  return lowest === highest ? shown(middle) : `${shown(middle)} (${shown(lowest)}–${shown(highest)})`
}

/** As a Markdown table, with the notes below. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [['work', 'ours', 'beside', 'ratio', 'goal'], ...rows.map(line)]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const draw = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [head = '', ...body] = lines.map(draw)
  const notes = rows.flatMap(({ work, note }) => (note === undefined ? [] : [`\n${work}: ${note}`]))
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body, ...notes].join('\n')
}

/** Three digits that count. */
function shown(value: number): string {
  if (Number.isNaN(value)) return '–'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 3) })
}

/** Keeps the rounds, and what they ran on, in `bench/results/<name>.json`. */
export async function keepResults(name: string, rows: readonly Row[]): Promise<string> {
  const file = new URL(`${name}.json`, RESULTS)
  const machine = { cpus: cpus().map(({ model }) => model), kernel: release(), node: process.version }
  const kept = rows.map((row) => ({ ...row, ratio: ratioOf(row), verdict: verdictOf(row) }))
  await mkdir(RESULTS, { recursive: true })
  await writeFile(file, `${JSON.stringify({ at: new Date().toISOString(), machine, rows: kept }, undefined, 2)}\n`)
  return file.pathname
}
