import { request as httpRequest } from 'node:http'

export interface RawAnswer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** A GET that decodes nothing, leaves the path as it is, and may say of any host that it is that. */
export function rawGet(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  const { origin, hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const path = url.slice(origin.length) || '/'
    const request = httpRequest({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
    request.end()
  })
}
