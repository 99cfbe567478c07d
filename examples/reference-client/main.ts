import { Mirror } from './mirror.ts'

/** Shows a user's open tasks, and shows them again whenever something changes. */
const { TASKWIRE_URL = 'http://localhost:4000', TASKWIRE_TOKEN = '' } = process.env

const mirror = new Mirror({
  url: () => TASKWIRE_URL,
  token: async () => TASKWIRE_TOKEN,
  onMessage: () => {
    const open = mirror.tasks.filter(({ deletedAt, status }) => deletedAt === null && status !== 'COMPLETED')
    const rows = open.map((task) => ({ ...task, tags: mirror.tagsOf(task).map(({ name }) => name) }))
    console.table(rows, ['title', 'status', 'priority', 'tags'])
  },
  onTrouble: (error) => console.warn('connects anew:', error),
})
process.once('SIGINT', () => void mirror.stop())
