// SPDX-License-Identifier: Apache-2.0
#include "CLinux.h"

#include <pthread.h>

enum { most_threads = 63 };

int weighlock_spread(int others, weighlock_work elsewhere, void *context, weighlock_work here, void *here_context) {
    pthread_t threads[most_threads];
    int started = 0;
    // A thread that cannot be had is work that the others do.
    while (started < others && started < most_threads &&
           pthread_create(&threads[started], NULL, elsewhere, context) == 0)
        started++;
    (void)here(here_context);
    for (int i = 0; i < started; i++) (void)pthread_join(threads[i], NULL);
    return started;
}
