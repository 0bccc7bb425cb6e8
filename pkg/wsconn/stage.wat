;; The module of a stage (see stage_js.go). It has no memory, only four numbers, so a connection costs next to nothing. Its externrefs
;; are values of JavaScript; everything that is done with them is a function of JavaScript's own, which newStage imports.
;;
;; stage.wasm is this text in WebAssembly's binary format. After a change here, run
;;
;;	go generate ./pkg/wsconn
;;
;; A test fails while the two differ.
(module
  (type $listener  (func (param externref)))
  (type $reference (func (param externref) (result externref)))
  (type $number    (func (param externref) (result i32)))
  (type $set       (func (param externref i32)))
  (type $note      (func (param i32)))
  (type $first     (func (result externref)))
  (type $command   (func))
  (type $drain      (func (result i32)))

  (import "" "data"       (func $data       (type $reference))) ;; of a MessageEvent
  (import "" "isBuffer"   (func $isBuffer   (type $number)))    ;; whether a value is an ArrayBuffer
  (import "" "byteLength" (func $byteLength (type $number)))
  (import "" "listOf"     (func $listOf     (type $reference))) ;; a list of one value, always the same list
  (import "" "view"       (func $view       (type $reference))) ;; a Uint8Array over the ArrayBuffer in a list
  (import "" "set"        (func $set        (type $set)))       ;; copies a view to space, at an offset
  (import "" "note"       (func $note       (type $note)))      ;; adds to sizes
  (import "" "push"       (func $push       (type $listener)))  ;; adds to the queue
  (import "" "first"      (func $first      (type $first)))     ;; of the queue
  (import "" "shift"      (func $shift      (type $command)))   ;; removes the first of the queue
  (import "" "post"       (func $post       (type $command)))   ;; makes Go run, in a later task
  (import "" "size"       (global $size i32))                   ;; of space

  (global $fill    (mut i32) (i32.const 0)) ;; bytes in space
  (global $waiting (mut i32) (i32.const 0)) ;; messages in the queue
  (global $armed   (mut i32) (i32.const 0)) ;; 1: the next message calls post
  (global $noting  (mut i32) (i32.const 1)) ;; 1: sizes are noted

  (export "message" (func $message))
  (export "skip"    (func $skip))
  (export "drain"   (func $drain))
  (export "noting"  (global $noting))

  ;; put copies data to space, if it is an ArrayBuffer and fits, and returns whether it did.
  (func $put (param $data externref) (result i32) (local $n i32)
    (if (i32.eqz (call $isBuffer (local.get $data)))
      (then (return (i32.const 0))))
    (if (i32.gt_u
          (i32.add (local.tee $n (call $byteLength (local.get $data))) (global.get $fill))
          (global.get $size))
      (then (return (i32.const 0))))
    (call $set (call $view (call $listOf (local.get $data))) (global.get $fill))
    (global.set $fill (i32.add (global.get $fill) (local.get $n)))
    (if (global.get $noting)
      (then (call $note (local.get $n))))
    (i32.const 1))

  ;; message is the listener: it puts the event's data in space or, while messages wait there, at the end of the queue.
  (func $message (param $event externref) (local $data externref)
    (local.set $data (call $data (local.get $event)))
    (if (i32.eqz
          (if (result i32) (global.get $waiting)
            (then (i32.const 0))
            (else (call $put (local.get $data)))))
      (then
        (call $push (local.get $data))
        (global.set $waiting (i32.add (global.get $waiting) (i32.const 1)))))
    (if (global.get $armed)
      (then
        (global.set $armed (i32.const 0))
        (call $post))))

  ;; skip removes the first message of the queue.
  (func $skip
    (call $shift)
    (global.set $waiting (i32.sub (global.get $waiting) (i32.const 1))))

  ;; drain moves what fits from the queue to space, empties space and returns how much was in it: at 0 it arms itself, and -1 means that
  ;; the first of the queue does not fit, or is a string.
  (func $drain (result i32) (local $n i32)
    (loop $again
      (if (global.get $waiting)
        (then
          (if (call $put (call $first))
            (then
              (call $skip)
              (br $again))))))
    (if (local.tee $n (global.get $fill))
      (then
        (global.set $fill (i32.const 0))
        (return (local.get $n))))
    (if (global.get $waiting)
      (then (return (i32.const -1))))
    (global.set $armed (i32.const 1))
    (i32.const 0)))
