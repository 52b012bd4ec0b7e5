/*
 * Decryption for Python, by the processor's own instructions: _ige_sha256.h does the work.
 *
 * Nothing here knows of MTProto: envelope.py derives keys and judges digests. What the processor
 * cannot run is not offered: without SHA-NI the two functions that hash are missing; without
 * AES-NI, and on other processors than x86-64, the import fails.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

#include "_ige_sha256.h"

/* From so many bytes on the GIL is released: 30 us of work, many times what a handover costs. A
   smaller message would more often wait for the GIL to come back than let anybody else get on. */
enum { RELEASE_GIL_FROM = 32 * 1024 };

/* While a Py_buffer is held its object can neither be resized nor freed. */
typedef struct {
    Py_buffer data, key, iv, prefix;
} Arguments;

static void release(Arguments *given)
{
    PyBuffer_Release(&given->data);
    PyBuffer_Release(&given->key);
    PyBuffer_Release(&given->iv);
    PyBuffer_Release(&given->prefix);
}

/* Nothing is touched before all sizes are known to be right. */
static int sizes_are_right(const Arguments *given, int hashing)
{
    const Py_ssize_t least = hashing ? SHA_BLOCK - PREFIX : BLOCK;

    if (given->data.len < least || given->data.len % BLOCK != 0)
        PyErr_Format(PyExc_ValueError, "data must be blocks of %d bytes, %zd bytes at least",
                     (int)BLOCK, least);
    else if (given->key.len != KEY || given->iv.len != IV)
        PyErr_SetString(PyExc_ValueError, "key and iv must be 32 bytes each");
    else if (hashing && given->prefix.len != PREFIX)
        PyErr_SetString(PyExc_ValueError, "prefix must be 32 bytes");
    else
        return 1;
    return 0;
}

/* All without hashing; `given` is one. */
static void only_decrypt(const Arguments *given)
{
    Schedule schedule;

    expand_key(&schedule, given->key.buf);
    decrypt(&schedule, given->iv.buf, given->data.buf, (size_t)given->data.len);
    wipe(&schedule, sizeof schedule);
}

static void decrypt_and_hash(const Arguments *given, int count, uint8_t digests[][DIGEST])
{
    Message messages[2];

    for (int n = 0; n < count; n++)
        begin(&messages[n], given[n].key.buf, given[n].iv.buf, given[n].data.buf,
              (size_t)given[n].data.len, given[n].prefix.buf);
    if (count == 2)
        go_on_together(&messages[0], &messages[1]);
    for (int n = 0; n < count; n++) {
        go_on(&messages[n]);
        finish(&messages[n], digests[n]);
    }
    wipe(messages, sizeof messages);
}

static void work(const Arguments *given, int count, uint8_t digests[][DIGEST])
{
    if (digests == NULL)
        only_decrypt(given);
    else
        decrypt_and_hash(given, count, digests);
}

/* True when the work on `count` messages is done; if not, an exception is set. In place; `digests`
   is NULL where none are wanted. Releases what was given. */
static int check_and_work(Arguments *given, int count, uint8_t digests[][DIGEST])
{
    Py_ssize_t size = 0;
    int right = 1;

    for (int n = 0; n < count && right; n++) {
        right = sizes_are_right(&given[n], digests != NULL);
        size += given[n].data.len;
    }
    if (right && size >= RELEASE_GIL_FROM) {
        Py_BEGIN_ALLOW_THREADS
        work(given, count, digests);
        Py_END_ALLOW_THREADS
    } else if (right) {
        work(given, count, digests);
    }
    for (int n = 0; n < count; n++)
        release(&given[n]);
    return right;
}

static PyObject *py_decrypt_ige(PyObject *Py_UNUSED(module), PyObject *args)
{
    Arguments given = {0};

    if (!PyArg_ParseTuple(args, "w*y*y*:decrypt_ige", &given.data, &given.key, &given.iv))
        return NULL;
    if (!check_and_work(&given, 1, NULL))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_decrypt_ige_sha256(PyObject *Py_UNUSED(module), PyObject *args)
{
    Arguments given = {0};
    uint8_t digest[1][DIGEST];

    if (!PyArg_ParseTuple(args, "w*y*y*y*:decrypt_ige_sha256", &given.data, &given.key, &given.iv,
                          &given.prefix))
        return NULL;
    if (!check_and_work(&given, 1, digest))
        return NULL;
    return PyBytes_FromStringAndSize((const char *)digest[0], DIGEST);
}

static PyObject *py_decrypt_pair(PyObject *Py_UNUSED(module), PyObject *args)
{
    Arguments given[2] = {0};
    uint8_t digests[2][DIGEST];

    if (!PyArg_ParseTuple(args, "(w*y*y*y*)(w*y*y*y*):decrypt_ige_sha256_pair", &given[0].data,
                          &given[0].key, &given[0].iv, &given[0].prefix, &given[1].data,
                          &given[1].key, &given[1].iv, &given[1].prefix))
        return NULL;
    if (!check_and_work(given, 2, digests))
        return NULL;
    return Py_BuildValue("y#y#", digests[0], (Py_ssize_t)DIGEST, digests[1], (Py_ssize_t)DIGEST);
}

static PyMethodDef NEED_AES[] = {
    {"decrypt_ige", py_decrypt_ige, METH_VARARGS,
     "decrypt_ige(data, key, iv) -> None\n\n"
     "Decrypts whole 16-byte blocks of AES-256-IGE in place: data must be writable."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef NEED_SHA_TOO[] = {
    {"decrypt_ige_sha256", py_decrypt_ige_sha256, METH_VARARGS,
     "decrypt_ige_sha256(data, key, iv, prefix) -> bytes\n\n"
     "decrypt_ige of 32 bytes or more; returns SHA-256 of the 32-byte prefix and the plaintext."},
    {"decrypt_ige_sha256_pair", py_decrypt_pair, METH_VARARGS,
     "decrypt_ige_sha256_pair((data, key, iv, prefix), (data, key, iv, prefix)) -> (bytes, bytes)"
     "\n\n"
     "decrypt_ige_sha256 of two messages, which must not overlap, in little more than one's time."},
    {NULL, NULL, 0, NULL},
};

/* SSSE3 and SSE4.1 came before AES-NI and SHA-NI, but a virtual machine may hide what it likes. */
static int offer_what_the_processor_can(PyObject *module)
{
    const unsigned needed = bit_SSSE3 | bit_SSE4_1 | bit_AES;
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & needed) != needed) {
        PyErr_SetString(PyExc_ImportError, "this processor has no AES-NI");
        return -1;
    }
    if (PyModule_AddFunctions(module, NEED_AES) < 0)
        return -1;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_SHA) != 0)
        return PyModule_AddFunctions(module, NEED_SHA_TOO);
    return 0;
}

#else

static int offer_what_the_processor_can(PyObject *Py_UNUSED(module))
{
    PyErr_SetString(PyExc_ImportError, "built for another processor than x86-64");
    return -1;
}

#endif

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, offer_what_the_processor_can},
#ifdef Py_mod_multiple_interpreters /* Python 3.12 */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil /* Python 3.13: there is no state to guard */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "telpher.telegram.crypto._fast",
    .m_doc = "AES-256-IGE and SHA-256 by the processor's own instructions.",
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__fast(void) { return PyModuleDef_Init(&MODULE); }
