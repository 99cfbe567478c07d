import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

/** What a span is told of an operation that ended. */
export interface Ended {
  readonly attributes?: Readonly<Record<string, string | number>>
  /** The code of what went wrong. */
  readonly error?: string | undefined
}

const TRACER = 'taskwire'

/**
 * Begins to export traces to the collector at `endpoint`; without one nothing is loaded, and spans cost nothing. The SDK
 * reads the other OTEL_* variables by itself, as its users expect. Dispose of what it answers with to flush and stop.
 */
export async function startTracing(endpoint: string | undefined): Promise<AsyncDisposable | undefined> {
  if (endpoint === undefined) return undefined
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const sdk = new NodeSDK({ serviceName: 'taskwire', metricReaders: [], logRecordProcessors: [], instrumentations: [] })
  sdk.start()
  return { [Symbol.asyncDispose]: () => sdk.shutdown() }
}

/**
 * Runs `work` in a span below the one that `traceparent` names, and hands it the trace context that goes on from here:
 * the span's, or what came in where nothing is traced.
 *
 * @param traceparent valid, as version 00 writes it (W3C Trace Context, section 3.2)
 * @param ended says of the result what the span is to tell
 */
export async function inSpan<T>(
  name: string,
  traceparent: string | undefined,
  work: (traceparent: string | undefined) => Promise<T>,
  ended: (result: T) => Ended,
): Promise<T> {
  const parent = traceparent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parse(traceparent))
  const span = trace.getTracer(TRACER).startSpan(name, { kind: SpanKind.SERVER }, parent)
  try {
    const result = await context.with(trace.setSpan(parent, span), () =>
      work(format(span.spanContext()) ?? traceparent),
    )
    const { attributes = {}, error } = ended(result)
    span.setAttributes(attributes)
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
    return result
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

function parse(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = '0'] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

function format(spanContext: SpanContext): string | undefined {
  if (!isSpanContextValid(spanContext)) return undefined
  const { traceId, spanId, traceFlags } = spanContext
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}
