// plugins/examples/letters.c in Rust, without a crate and without the standard library: the C structs, declared again.
#![no_std]
#![allow(non_upper_case_globals)]

use core::ffi::c_void;
use core::ptr::null;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    data: *const u8,
    size: i64,
}

#[repr(C)]
struct MatrixMut {
    data: *mut f64,
    rows: i64,
    cols: i64,
    row_stride: i64,
}

#[repr(C)]
struct Request {
    struct_size: i64,
    task_kind: i32,
    reserved: i32,
    context: Text,
    ids: *const Text,
    n_ids: i64, // fields that this plugin does not read follow
}

#[repr(C)]
struct Output {
    struct_size: i64,
    vectors: MatrixMut,
    present: *mut u8,
}

#[repr(C)]
struct Embedding {
    struct_size: i64,
    wants_training: i32,
    reserved: i32,
    open: *const c_void,
    dimension: extern "C" fn(*const c_void, *mut c_void, *const Request, *mut i64) -> i32,
    embed: extern "C" fn(*const c_void, *mut c_void, *const Request, *mut Output) -> i32,
    close: *const c_void,
}

#[repr(C)]
struct Plugin {
    struct_size: i64,
    abi_major: u32,
    abi_minor: u32,
    kind: i32,
    reserved: i32,
    name: Text,
    version: Text,
    description: Text,
    licence: Text,
    training_datasets: *const c_void,
    n_training_datasets: i64,
    options: *const c_void,
    n_options: i64,
    capability: *const Embedding,
    extension: *const c_void,
}

unsafe impl Sync for Embedding {}
unsafe impl Sync for Plugin {}

const LETTERS: usize = 26;
const DIMENSION: i64 = LETTERS as i64 + 10;

extern "C" fn dimension(_: *const c_void, _: *mut c_void, _: *const Request, columns: *mut i64) -> i32 {
    unsafe { *columns = DIMENSION };
    0
}

extern "C" fn embed(_: *const c_void, _: *mut c_void, request: *const Request, output: *mut Output) -> i32 {
    unsafe {
        for i in 0..(*request).n_ids as isize {
            let id = *(*request).ids.offset(i);
            let row = (*output).vectors.data.offset(i * (*output).vectors.row_stride as isize);
            for column in 0..(*output).vectors.cols as usize {
                *row.add(column) = 0.0;
            }
            for c in 0..id.size as isize {
                let byte = *id.data.offset(c);
                let upper = byte & !0x20;
                if upper.wrapping_sub(b'A') < 26 {
                    *row.add((upper - b'A') as usize) += 1.0;
                }
                if byte.wrapping_sub(b'0') < 10 {
                    *row.add(LETTERS + (byte - b'0') as usize) += 1.0;
                }
            }
            *(*output).present.offset(i) = 1;
        }
    }
    0
}

const fn text(literal: &'static str) -> Text {
    Text { data: literal.as_ptr(), size: literal.len() as i64 }
}

static EMBEDDING: Embedding = Embedding {
    struct_size: core::mem::size_of::<Embedding>() as i64,
    wants_training: 0,
    reserved: 0,
    open: null(),
    dimension,
    embed,
    close: null(),
};

static PLUGIN: Plugin = Plugin {
    struct_size: core::mem::size_of::<Plugin>() as i64,
    abi_major: 1,
    abi_minor: 0,
    kind: 1,
    reserved: 0,
    name: text("letters"),
    version: text("1.0.0"),
    description: text("Counts of letters and digits in the perturbation's id"),
    licence: text("Apache-2.0"),
    training_datasets: null(),
    n_training_datasets: 0,
    options: null(),
    n_options: 0,
    capability: &EMBEDDING,
    extension: null(),
};

#[no_mangle]
pub extern "C" fn headroom_plugin_entry(abi_major: u32, index: u32) -> *const c_void {
    if abi_major == 1 && index == 0 {
        &PLUGIN as *const Plugin as *const c_void
    } else {
        null()
    }
}
