import type { Viewer } from '../auth/viewer.ts'
import { TaskwireError } from '../domain/errors.ts'
import { type Context, viewerOf } from './context.ts'

/**
 * The admin who asks: whose token has the claim `admin: true`.
 *
 * @throws TaskwireError UNAUTHENTICATED where there was no token, FORBIDDEN where it is no admin's
 */
export function adminOf(context: Context): Viewer {
  const viewer = viewerOf(context)
  if (!viewer.admin) throw new TaskwireError('FORBIDDEN', 'This is for admins.')
  return viewer
}
