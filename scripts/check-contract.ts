import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { schema } from '../src/schema/schema.ts'
import { compareWithContract, describeReport, isKept } from './contract.ts'
import { printed } from './schema-text.ts'

const folder = resolve(import.meta.dirname, '../contract')
const contract = await readFile(resolve(folder, 'schema.graphql'), 'utf8')
const pending = z.array(z.string()).parse(JSON.parse(await readFile(resolve(folder, 'pending.json'), 'utf8')))

const report = compareWithContract(contract, printed(schema), pending)
console.log(describeReport(report))
if (!isKept(report)) process.exitCode = 1
