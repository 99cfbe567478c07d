/** Something that a scenario has measured, and what it has to be. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit?: string
  /** It may be at most so much, or has to be at least so much. */
  readonly goal?: { readonly most: number } | { readonly least: number }
}

export function isKept({ value, goal }: Figure): boolean {
  if (goal === undefined) return true
  return 'most' in goal ? value <= goal.most : value >= goal.least
}

/** As a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [figure.name, shown(figure), goalOf(figure), verdictOf(figure)])
  const lines = [['figure', 'is', 'has to be', ''], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const draw = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [head = '', ...body] = lines.map(draw)
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}

/** The middle one, or the mean of the two there are. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2
}

function shown({ value, unit }: Figure): string {
  const text = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
  return unit === undefined ? text : `${text} ${unit}`
}

function goalOf({ goal, unit }: Figure): string {
  if (goal === undefined) return ''
  const bound = 'most' in goal ? goal.most : goal.least
  if (bound === 0 && 'most' in goal) return '0'
  return `${'most' in goal ? '≤' : '≥'} ${bound.toLocaleString('en')}${unit === undefined ? '' : ` ${unit}`}`
}

function verdictOf(figure: Figure): string {
  return figure.goal === undefined ? '' : isKept(figure) ? 'kept' : 'MISSED'
}
