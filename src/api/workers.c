/* SPDX-License-Identifier: MIT */
#include "api/workers.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/log.h"

struct workers {
	struct workers_plan plan;
	pthread_t *threads;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t arrived;
	struct listener_exchange **ring;
	size_t first;
	size_t count;
	bool ended;
};

/* False when nothing has arrived within a second; the lock is held. */
static bool wait_a_second(struct workers *workers)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec++;
	return pthread_cond_timedwait(&workers->arrived, &workers->lock,
	           &end) != ETIMEDOUT;
}

/* Until there is something to do, or will be no more; the lock is held. */
static void await(struct workers *workers, void *state)
{
	bool rests = workers->plan.rest != NULL;

	while (!workers->count && !workers->ended) {
		if (!rests) {
			pthread_cond_wait(&workers->arrived, &workers->lock);
		} else if (!wait_a_second(workers) && !workers->count) {
			pthread_mutex_unlock(&workers->lock);
			workers->plan.rest(state);
			rests = false;
			pthread_mutex_lock(&workers->lock);
		}
	}
}

/* Up to TOGETHER of those that wait; 0 when there will be no more. */
static size_t take(struct workers *workers, void *state,
    struct listener_exchange **into)
{
	const struct workers_plan *plan = &workers->plan;
	size_t taken = 0;

	pthread_mutex_lock(&workers->lock);
	await(workers, state);
	for (; workers->count && taken < plan->together; workers->count--) {
		into[taken++] = workers->ring[workers->first];
		workers->first = (workers->first + 1) % plan->waiting;
	}
	pthread_mutex_unlock(&workers->lock);
	return taken;
}

static void *run_thread(void *given)
{
	struct workers *workers = given;
	const struct workers_plan *plan = &workers->plan;
	MEM_AUTO mem = mem_new(NULL);
	void *state = plan->open(mem, plan->context);
	struct listener_exchange **exchanges =
	    mem_array(mem, struct listener_exchange *, plan->together);
	size_t count;

	while ((count = take(workers, state, exchanges)))
		plan->run(state, exchanges, count);
	return NULL;
}

static void stop(void *given)
{
	struct workers *workers = given;

	pthread_mutex_lock(&workers->lock);
	workers->ended = true;
	pthread_cond_broadcast(&workers->arrived);
	pthread_mutex_unlock(&workers->lock);
	for (size_t i = 0; i < workers->plan.threads; i++)
		pthread_join(workers->threads[i], NULL);
}

struct workers *workers_start(struct mem *mem, const struct workers_plan *plan)
{
	struct workers *workers = mem_make(mem, struct workers);
	pthread_condattr_t attributes;

	workers->plan = *plan;
	workers->ring =
	    mem_array(mem, struct listener_exchange *, plan->waiting);
	workers->threads = mem_array(mem, pthread_t, plan->threads);
	pthread_mutex_init(&workers->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&workers->arrived, &attributes);
	pthread_condattr_destroy(&attributes);
	for (size_t i = 0; i < plan->threads; i++)
		if (pthread_create(&workers->threads[i], NULL, run_thread,
		        workers) != 0)
			log_fatal("a thread cannot be started");
	mem_defer(mem, stop, workers);
	return workers;
}

bool workers_give(struct workers *workers, struct listener_exchange *exchange)
{
	const struct workers_plan *plan = &workers->plan;

	pthread_mutex_lock(&workers->lock);
	bool room = workers->count < plan->waiting;
	if (room) {
		size_t place =
		    (workers->first + workers->count) % plan->waiting;
		workers->ring[place] = exchange;
		workers->count++;
		pthread_cond_signal(&workers->arrived);
	}
	pthread_mutex_unlock(&workers->lock);
	return room;
}
