/** Something that was delivered outside. */
export interface Receipt {
  /** Where it came: the reminder's target. */
  readonly target: string
  /** The id that it brought; null where a channel has none. */
  readonly deliveryId: string | null
  /** Whether the receiver said that it has it. */
  readonly taken: boolean
}
