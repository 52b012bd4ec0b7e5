/*
 * Memory for packets that is reused, yet can never be reused too early.
 *
 * A packet of a mebibyte is received, decrypted in place, kept in a cache and written to sockets
 * without ever being copied. Its memory is needed until the last of those who hold it lets go: the
 * cache evicts it while a transport still has half of it in its write buffer. Nobody there knows of
 * the others, so nobody could say when it is free. Python does: every view of a buffer keeps its
 * object alive. So the memory goes back where the object ends, and nowhere else:
 *
 *   Pool.take(size) -> Frame     a writable buffer of `size` bytes
 *   the Frame's deallocation     the last view is gone: the block is free
 *
 * Without a pool each mebibyte is given back to the kernel and faulted in again, page by page, up
 * to 1 ms each time.
 *
 * Blocks are mapped from the kernel one by one, not taken from malloc: packets of all sizes that
 * come and go leave holes in a heap, which no larger one fits into, so that a process would grow
 * far beyond what it holds. So the pool is what is held, rounded up, and the limit, never more.
 * What is smaller than any chunk of a file is malloc's, and not pooled.
 *
 * Sizes are rounded up to classes, 16 to each doubling, so that a block wastes a sixteenth at most:
 * a cache full of small packets must not hold memory for large ones. A free block is in two lists,
 * linked through its own first bytes: that of its class, from which it is taken again (the newest:
 * its pages may still be in the processor's caches), and that of all, oldest last. Where the free
 * blocks together pass the limit the oldest go back to the kernel, so sizes that are no longer
 * asked for cannot fill the pool for ever.
 *
 * Frames are not cleared: what reads one has filled it before (framing.py). There is no state but
 * in the objects; they are guarded by the GIL.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <structmember.h>
#include <sys/mman.h>

enum {
    FINEST = 12,         /* log2 of the smallest step between classes: a page */
    STEPS = 16,          /* classes to a doubling */
    SMALLEST = 1 << 16,  /* bytes: smaller ones come from malloc and go back to it, */
    LARGEST = 1 << 21,   /* and larger ones, which there never are */
    CLASSES = 96,        /* up to LARGEST */
    UNPOOLED = -1,
};

#ifdef MAP_POPULATE /* Linux: it will be filled from end to end, so all at once */
static const int MAPPED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
#else
static const int MAPPED = MAP_PRIVATE | MAP_ANONYMOUS;
#endif

/* --- Classes of sizes -------------------------------------------------------------------------- */

/* The class of `size`; `*capacity` is what its blocks hold. Up to 32 pages classes are a page
   apart, above that a sixteenth of the power of two below. */
static int class_of(size_t size, size_t *capacity)
{
    int shift = 0;

    *capacity = size;
    if (size < SMALLEST || size > LARGEST)
        return UNPOOLED;
    while (((size_t)2 * STEPS << (FINEST + shift)) < size)
        shift++;
    const size_t step = (size_t)1 << (FINEST + shift);
    const size_t steps = (size + step - 1) / step;
    *capacity = steps * step;
    return (int)(shift * STEPS + (int)steps - 1);
}

/* --- Free blocks ------------------------------------------------------------------------------- */

typedef struct Block Block;

typedef struct {
    Block *newer, *older;
} Links;

/* Which of its two lists a block's links belong to. */
enum { OF_ALL, OF_CLASS, LISTS };

struct Block {
    Links links[LISTS];
    size_t capacity;
    int class;
};

typedef struct {
    Block *newest, *oldest;
} List;

static void list_add(List *list, Block *block, int which)
{
    block->links[which] = (Links){.newer = NULL, .older = list->newest};
    if (list->newest != NULL)
        list->newest->links[which].newer = block;
    else
        list->oldest = block;
    list->newest = block;
}

static void list_remove(List *list, Block *block, int which)
{
    const Links at = block->links[which];

    if (at.newer != NULL)
        at.newer->links[which].older = at.older;
    else
        list->newest = at.older;
    if (at.older != NULL)
        at.older->links[which].newer = at.newer;
    else
        list->oldest = at.newer;
}

typedef struct {
    PyObject_HEAD
    Py_ssize_t limit, held;  /* bytes of free blocks */
    List all, of_class[CLASSES];
} Pool;

static void pool_forget(Pool *pool, Block *block)
{
    list_remove(&pool->all, block, OF_ALL);
    list_remove(&pool->of_class[block->class], block, OF_CLASS);
    pool->held -= (Py_ssize_t)block->capacity;
}

static void *pool_get(Pool *pool, size_t capacity, int *class)
{
    Block *block = *class == UNPOOLED ? NULL : pool->of_class[*class].newest;

    if (block != NULL) {
        pool_forget(pool, block);
        return block;
    }
    if (*class != UNPOOLED) {
        void *memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAPPED, -1, 0);
        if (memory != MAP_FAILED)
            return memory;
        *class = UNPOOLED; /* the kernel's limit on mappings: malloc may have room all the same */
    }
    return PyMem_RawMalloc(capacity);
}

static void pool_shrink(Pool *pool, Py_ssize_t limit)
{
    while (pool->held > limit) {
        Block *oldest = pool->all.oldest;
        const size_t capacity = oldest->capacity;
        pool_forget(pool, oldest);
        munmap(oldest, capacity);
    }
}

static void pool_put(Pool *pool, void *memory, size_t capacity, int class)
{
    if (class == UNPOOLED) {
        PyMem_RawFree(memory);
        return;
    }
    Block *block = memory;
    block->capacity = capacity;
    block->class = class;
    list_add(&pool->all, block, OF_ALL);
    list_add(&pool->of_class[class], block, OF_CLASS);
    pool->held += (Py_ssize_t)capacity;
    pool_shrink(pool, pool->limit);
}

/* --- Frame ------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    Pool *pool;
    void *memory;
    Py_ssize_t size;
    size_t capacity;
    int class;
} Frame;

static int frame_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    Frame *frame = (Frame *)self;
    return PyBuffer_FillInfo(view, self, frame->memory, frame->size, 0, flags);
}

static Py_ssize_t frame_length(PyObject *self) { return ((Frame *)self)->size; }

static void frame_dealloc(PyObject *self)
{
    Frame *frame = (Frame *)self;
    PyTypeObject *type = Py_TYPE(self);

    if (frame->memory != NULL)
        pool_put(frame->pool, frame->memory, frame->capacity, frame->class);
    Py_XDECREF(frame->pool);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot FRAME_SLOTS[] = {
    {Py_tp_doc, "Writable memory of a pool, to which it returns with the last view of it."},
    {Py_tp_dealloc, frame_dealloc},
    {Py_sq_length, frame_length},
    {Py_bf_getbuffer, frame_getbuffer},
    {0, NULL},
};

static PyType_Spec FRAME = {
    .name = "telpher.telegram.mtproto._frames.Frame",
    .basicsize = sizeof(Frame),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = FRAME_SLOTS,
};

/* --- Pool -------------------------------------------------------------------------------------- */

static PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"limit", NULL};
    Py_ssize_t limit;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "n:Pool", names, &limit))
        return NULL;
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "limit must not be negative");
        return NULL;
    }
    Pool *pool = (Pool *)type->tp_alloc(type, 0);
    if (pool != NULL)
        pool->limit = limit;
    return (PyObject *)pool;
}

static void pool_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    pool_shrink((Pool *)self, 0);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *pool_take(PyObject *self, PyTypeObject *type, PyObject *const *args,
                           Py_ssize_t count, PyObject *names)
{
    if (count != 1 || (names != NULL && PyTuple_GET_SIZE(names) != 0)) {
        PyErr_SetString(PyExc_TypeError, "take() takes one argument, the size");
        return NULL;
    }
    const Py_ssize_t size = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
    if (size == -1 && PyErr_Occurred())
        return NULL;
    if (size <= 0) {
        PyErr_SetString(PyExc_ValueError, "size must be positive");
        return NULL;
    }
    PyTypeObject *frame_type = *(PyTypeObject **)PyType_GetModuleState(type);
    Frame *frame = (Frame *)frame_type->tp_alloc(frame_type, 0);
    if (frame == NULL)
        return NULL;
    frame->class = class_of((size_t)size, &frame->capacity);
    frame->memory = pool_get((Pool *)self, frame->capacity, &frame->class);
    if (frame->memory == NULL) {
        Py_DECREF(frame);
        return PyErr_NoMemory();
    }
    frame->size = size;
    frame->pool = (Pool *)Py_NewRef(self);
    return (PyObject *)frame;
}

static PyMethodDef POOL_METHODS[] = {
    {"take", (PyCFunction)(void (*)(void))pool_take, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     "take(size, /) -> Frame\n\nA writable buffer of `size` bytes, whatever is in it."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef POOL_MEMBERS[] = {
    {"held", T_PYSSIZET, offsetof(Pool, held), READONLY, "bytes of the blocks that are free now"},
    {"limit", T_PYSSIZET, offsetof(Pool, limit), READONLY, "the most that `held` can be"},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot POOL_SLOTS[] = {
    {Py_tp_doc, "Pool(limit)\n\nMemory for packets, of which `limit` bytes are kept while free."},
    {Py_tp_new, pool_new},
    {Py_tp_dealloc, pool_dealloc},
    {Py_tp_methods, POOL_METHODS},
    {Py_tp_members, POOL_MEMBERS},
    {0, NULL},
};

static PyType_Spec POOL = {
    .name = "telpher.telegram.mtproto._frames.Pool",
    .basicsize = sizeof(Pool),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = POOL_SLOTS,
};

/* --- Module ------------------------------------------------------------------------------------ */

/* Its state is the type of the frames that its pools make. */
typedef PyTypeObject *State;

static int module_exec(PyObject *module)
{
    State *frame_type = PyModule_GetState(module);
    PyObject *pool_type;

    *frame_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &FRAME, NULL);
    if (*frame_type == NULL || PyModule_AddType(module, *frame_type) < 0)
        return -1;
    pool_type = PyType_FromModuleAndSpec(module, &POOL, NULL);
    if (pool_type == NULL)
        return -1;
    const int added = PyModule_AddType(module, (PyTypeObject *)pool_type);
    Py_DECREF(pool_type);
    return added;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *frame_type = PyModule_GetState(module);
    Py_VISIT(*frame_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    State *frame_type = PyModule_GetState(module);
    Py_CLEAR(*frame_type);
    return 0;
}

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters /* Python 3.12 */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "telpher.telegram.mtproto._frames",
    .m_doc = "Memory for packets, reused when nobody holds it any more.",
    .m_size = sizeof(State),
    .m_slots = SLOTS,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__frames(void) { return PyModuleDef_Init(&MODULE); }
