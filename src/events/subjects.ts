import type { EntityType } from '../domain/entity.ts'

export const STREAM = 'EVENTS'
export const ALL_EVENTS = 'events.>'

/** An entity type as a subject's token and the first part of an event type: `TASK` is `task`. */
export function entityToken(entityType: EntityType): string {
  return entityType.toLowerCase().replaceAll('_', '-')
}

/** A user's token: base64url, so that a user id may hold dots, spaces, `*` or `>` and none of it reaches a subject. */
export function userToken(userId: string): string {
  return Buffer.from(userId, 'utf8').toString('base64url')
}

/** What `eventSubject` makes, with names for its parts. */
export const SUBJECT_PATTERN = 'events.{user}.{entity}.{entityId}.{verb}'

/** `events.<user>.<entity>.<entityId>.<verb>` */
export function eventSubject(userId: string, entityType: EntityType, entityId: string, verb: string): string {
  return `events.${userToken(userId)}.${entityToken(entityType)}.${entityId}.${verb}`
}

/** The subjects of everything of one user's. */
export function userSubjects(userId: string): string {
  return `events.${userToken(userId)}.>`
}

/** Whose event a subject announces, or undefined where it is none of ours. */
export function userOfSubject(subject: string): string | undefined {
  const [root, token] = subject.split('.', 2)
  return root === 'events' && token !== undefined && token !== ''
    ? Buffer.from(token, 'base64url').toString('utf8')
    : undefined
}
