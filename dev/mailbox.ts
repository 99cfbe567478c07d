import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { SMTPServer } from 'smtp-server'

// `npm run mailbox`: a mail server for development, which takes everything and prints it.

const { values } = parseArgs({ options: { port: { type: 'string', default: '1025' } } })
const port = Number(values.port)

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _session, done) {
    process.stdout.write('\n────────\n')
    stream.on('data', (chunk: Buffer) => process.stdout.write(chunk))
    stream.on('end', () => {
      done()
    })
  },
})
server.on('error', (error) => process.stderr.write(`${error.message}\n`))
server.listen(port, '127.0.0.1')
await once(server.server, 'listening')
process.stdout.write(`Waiting for mail: SMTP_URL=smtp://127.0.0.1:${port} SMTP_FROM=taskwire@localhost npm start\n`)
