/*
 * Chains of sinks: what happens to each of them, in order.
 */
#include "stream/sink.h"

void
sink_write(Sink *chain, const void *data, size_t len)
{
	if (chain != NULL && len > 0)
		chain->ops->write(chain, data, len);
}

void
sink_finish(Sink *chain)
{
	for (Sink *sink = chain; sink != NULL; sink = sink->next)
	{
		if (sink->ops->finish != NULL)
			sink->ops->finish(sink);
	}
}

void
sink_release(Sink *chain)
{
	while (chain != NULL)
	{
		Sink	   *next = chain->next;

		chain->ops->release(chain);
		chain = next;
	}
}
