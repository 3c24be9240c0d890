// A model in Rust with its standard library: a hash map from a file of words, threads in a scope, strings and panics as
// they are usual there. A vector is the mean of the words' numbers that occur in the id.
use std::collections::HashMap;
use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    data: *const u8,
    size: i64,
}

impl Text {
    const fn of(literal: &'static str) -> Text {
        Text { data: literal.as_ptr(), size: literal.len() as i64 }
    }
    unsafe fn lossy(&self) -> String {
        if self.data.is_null() {
            return String::new();
        }
        String::from_utf8_lossy(std::slice::from_raw_parts(self.data, self.size as usize)).into_owned()
    }
}

#[repr(C)]
struct Host {
    struct_size: i64,
    handle: *mut c_void,
    set_error: extern "C" fn(*mut c_void, Text),
    log: extern "C" fn(*mut c_void, i32, Text),
    option: extern "C" fn(*mut c_void, Text) -> Text,
    extension: extern "C" fn(*mut c_void, Text) -> *const c_void,
    seed: u64,
    n_threads: i32,
    reserved: i32,
    data_folder: Text,
}

#[repr(C)]
struct Request {
    struct_size: i64,
    task_kind: i32,
    reserved: i32,
    context: Text,
    ids: *const Text,
    n_ids: i64, // fields that are not read here follow
}

#[repr(C)]
struct Output {
    struct_size: i64,
    data: *mut f64,
    rows: i64,
    cols: i64,
    row_stride: i64,
    present: *mut u8,
}

#[repr(C)]
struct Embedding {
    struct_size: i64,
    wants_training: i32,
    wants_control_profiles: i32,
    open: extern "C" fn(*const Host, *mut *mut c_void) -> i32,
    dimension: extern "C" fn(*const Host, *mut c_void, *const Request, *mut i64) -> i32,
    embed: extern "C" fn(*const Host, *mut c_void, *const Request, *mut Output) -> i32,
    close: extern "C" fn(*mut c_void),
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

struct Words {
    numbers: HashMap<String, Vec<f64>>,
    width: usize,
    longest: usize,
}

impl Words {
    fn read(path: &str) -> Result<Words, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
        let mut numbers = HashMap::new();
        for line in text.lines().skip(1) {
            let mut cells = line.split(',');
            let word = cells.next().ok_or("a line without a word")?.to_string();
            let row: Vec<f64> = cells.map(str::parse).collect::<Result<_, _>>()?;
            numbers.insert(word, row);
        }
        let width = numbers.values().next().ok_or("no words")?.len();
        let longest = numbers.keys().map(String::len).max().unwrap();
        Ok(Words { numbers, width, longest })
    }

    fn vector(&self, id: &str) -> Option<Vec<f64>> {
        let letters: Vec<char> = id.to_uppercase().chars().collect();
        let mut sum = vec![0.0; self.width];
        let mut n = 0;
        for begin in 0..letters.len() {
            for end in begin + 1..=letters.len().min(begin + self.longest) {
                if let Some(row) = self.numbers.get(&letters[begin..end].iter().collect::<String>()) {
                    sum.iter_mut().zip(row).for_each(|(to, x)| *to += x);
                    n += 1;
                }
            }
        }
        (n > 0).then(|| sum.into_iter().map(|x| x / n as f64).collect())
    }
}

fn guarded<F: FnOnce() -> Result<(), Box<dyn std::error::Error>>>(host: *const Host, work: F) -> i32 {
    let why = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it panicked".to_string(),
    };
    unsafe { ((*host).set_error)((*host).handle, Text { data: why.as_ptr(), size: why.len() as i64 }) };
    1
}

extern "C" fn open(host: *const Host, state: *mut *mut c_void) -> i32 {
    guarded(host, || unsafe {
        let words = Words::read(&((*host).data_folder.lossy() + "/words.csv"))?;
        *state = Box::into_raw(Box::new(words)) as *mut c_void;
        Ok(())
    })
}

extern "C" fn dimension(_: *const Host, state: *mut c_void, _: *const Request, columns: *mut i64) -> i32 {
    unsafe { *columns = (*(state as *const Words)).width as i64 };
    0
}

extern "C" fn embed(host: *const Host, state: *mut c_void, request: *const Request, output: *mut Output) -> i32 {
    guarded(host, || unsafe {
        let words = &*(state as *const Words);
        let ids: Vec<String> =
            (0..(*request).n_ids as usize).map(|i| (*(*request).ids.add(i)).lossy()).collect();
        let n_threads = (*host).n_threads.max(1) as usize;
        let share = (ids.len() + n_threads - 1) / n_threads;
        let vectors: Vec<Option<Vec<f64>>> = std::thread::scope(|scope| {
            let parts: Vec<_> = ids
                .chunks(share.max(1))
                .map(|part| scope.spawn(move || part.iter().map(|id| words.vector(id)).collect::<Vec<_>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        });
        for (i, vector) in vectors.into_iter().enumerate() {
            if let Some(vector) = vector {
                let row = (*output).data.add(i * (*output).row_stride as usize);
                std::slice::from_raw_parts_mut(row, vector.len()).copy_from_slice(&vector);
                *(*output).present.add(i) = 1;
            }
        }
        Ok(())
    })
}

extern "C" fn close(state: *mut c_void) {
    unsafe { drop(Box::from_raw(state as *mut Words)) };
}

static EMBEDDING: Embedding = Embedding {
    struct_size: std::mem::size_of::<Embedding>() as i64,
    wants_training: 0,
    wants_control_profiles: 0,
    open,
    dimension,
    embed,
    close,
};

static PLUGIN: Plugin = Plugin {
    struct_size: std::mem::size_of::<Plugin>() as i64,
    abi_major: 1,
    abi_minor: 0,
    kind: 1,
    reserved: 0,
    name: Text::of("rust_kmers"),
    version: Text::of("0.1.0"),
    description: Text::of("Mean of the numbers of the words that occur in the id"),
    licence: Text::of("Apache-2.0"),
    training_datasets: null(),
    n_training_datasets: 0,
    options: null(),
    n_options: 0,
    capability: &EMBEDDING,
    extension: null_mut(),
};

#[no_mangle]
pub extern "C" fn headroom_plugin_entry(abi_major: u32, index: u32) -> *const c_void {
    if abi_major == 1 && index == 0 {
        &PLUGIN as *const Plugin as *const c_void
    } else {
        null()
    }
}
